import { Migration } from '@mikro-orm/migrations';

/**
 * Why Discord last refused to count who holds each role: sweeps then read the whole list, and the
 * health says so.
 */
export class CountsFault extends Migration {
  override up(): void {
    this.addSql(`
alter table client add column counts_fault text;
comment on column client.counts_fault is 'why Discord did not count role holders at the last sweep that asked; null: it did'`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * A process recognises jobs that it claimed without ever learning so, and a claim that arrives late
 * takes nothing from a later one.
 */
export class Claims extends Migration {
  override up(): void {
    this.addSql(`
alter table reconcile_job add column claim_number bigint;
comment on column reconcile_job.claim_number is 'which of the claims of claimed_by, counted from the start of that process'`);
  }
}

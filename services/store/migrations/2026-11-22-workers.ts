import { Migration } from '@mikro-orm/migrations';

/** Who works, so that several processes can share the bots between them. */
export class Workers extends Migration {
  override up(): void {
    this.addSql(`
create table worker (
  owner text primary key,
  live_until timestamptz not null
);
comment on table worker is 'processes that run the path; each may hold its share of the bots'`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** What the doctor found last. */
export class ClientChecks extends Migration {
  override up(): void {
    this.addSql(`
alter table client add column checks jsonb not null default '[]', add column checked_at timestamptz;
comment on column client.checked_at is 'when a check was begun last; a day later the next is due'`);
  }
}

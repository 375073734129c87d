import { Migration } from '@mikro-orm/migrations';

/**
 * `read_at` moves with each write of ours too; a whole list may only be confirmed by what Discord
 * itself has answered.
 */
export class RolesRead extends Migration {
  override up(): void {
    this.addSql(`
alter table member add column roles_read_at timestamptz;
comment on column member.roles_read_at is 'when Discord last answered with all of role_ids; null: before this was kept'`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** A reading that lost roles which the connector never removes is not trusted for a whole list. */
export class ForeignRoles extends Migration {
  override up(): void {
    this.addSql(`
alter table member add column roles_lost_at timestamptz;
comment on column member.roles_lost_at is 'when a reading last lacked a role without a mapping that the one before showed'`);
  }
}

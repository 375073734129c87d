import { Migration } from '@mikro-orm/migrations';

/** Members who have not accepted the rules of their server are granted nothing until they have. */
export class MembershipScreening extends Migration {
  override up(): void {
    this.addSql(`
alter table client add column screening text not null default 'WAIT' check (screening in ('WAIT', 'IGNORE'));
alter table member drop constraint member_state_check;
alter table member add constraint member_state_check
  check (state in ('IN_STEP', 'ABSENT', 'HELD', 'PARKED', 'PENDING'));
create index member_screened on member (client_id, read_at) where is_pending`);
  }
}

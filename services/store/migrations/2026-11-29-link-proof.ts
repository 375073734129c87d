import { Migration } from '@mikro-orm/migrations';

/**
 * A link ends only on proof, and an account whose link ended because it had left is remembered for
 * its return.
 */
export class LinkProof extends Migration {
  override up(): void {
    this.addSql(`
alter table member add column absent_since timestamptz, add column left_role_ids text[] not null default '{}';
comment on column member.absent_since is
  'the first of the answers in a row that the account is not in the guild; -infinity: a complete list lacked it; null: it is';
comment on column member.left_role_ids is 'the roles it was last seen with, while it is not in the guild';
update member set absent_since = read_at where read_at is not null and not is_present;

create table departed_account (
  client_id uuid not null references client on delete cascade,
  discord_user_id text not null,
  link_id uuid not null,
  platform_user_id text not null,
  is_end_asked_for boolean not null,
  role_ids text[] not null,
  ended_at timestamptz not null,
  primary key (client_id, discord_user_id)
);
comment on table departed_account is
  'its link ended because it had left the guild; if it returns with one of these roles, the link ends once more'`);
  }
}

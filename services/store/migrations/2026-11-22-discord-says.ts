import { Migration } from '@mikro-orm/migrations';

/** Where Discord has the say: what was last read of a role, and what the platform was asked for. */
export class DiscordSays extends Migration {
  override up(): void {
    this.addSql(`alter table member add column joined_at timestamptz`);
    this.addSql(
      `comment on column member.joined_at is 'when the account came into the guild, as Discord says; another time: it was away meanwhile'`,
    );
    this.addSql(remote);
    this.addSql(returning);
  }
}

const remote = `
create table remote_membership (
  link_id uuid not null references link on delete cascade,
  mapping_id uuid not null references role_mapping on delete cascade,
  has_role boolean not null,
  request text check (request in ('ADDED', 'REMOVED')),
  request_state text check (request_state in ('OPEN', 'DISPUTED')),
  request_id uuid,
  asked_at timestamptz,
  asked_order text,
  removal_asked_at timestamptz,
  primary key (link_id, mapping_id),
  check (num_nulls(request, request_state, request_id, asked_at, asked_order) in (0, 5))
);
comment on table remote_membership is 'where Discord has the say; no row: the next reading of the role is the first';
comment on column remote_membership.has_role is 'at the last reading that could be held against the platform''s';
comment on column remote_membership.request_id is 'the id of the written event';
comment on column remote_membership.asked_order is 'the place in the order of facts of what stood about user and group then';
comment on column remote_membership.removal_asked_at is 'stays when the request is done with: the removal guard counts those of the last hour';
create index remote_membership_mapping on remote_membership (mapping_id);
create index remote_membership_removals on remote_membership (mapping_id, removal_asked_at) where removal_asked_at is not null;
`;

/** In the table, as runs, listings and joinings all write the mirror. */
const returning = `
create function remote_membership_forget() returns trigger language plpgsql as $$
begin
  delete from remote_membership r using link l
  where l.id = r.link_id and l.client_id = new.client_id and l.discord_user_id = new.discord_user_id;
  return null;
end $$;
comment on function remote_membership_forget is 'Discord takes every role from who leaves: no reason to ask the platform for anything';
create trigger remote_membership_forget after update of is_present, joined_at on member for each row
  when (not new.is_present or abs(extract(epoch from new.joined_at - old.joined_at)) > 1)
  execute function remote_membership_forget();
`;

import { Migration } from '@mikro-orm/migrations';

/**
 * The removal guard counts by guild, so that a client that is deleted and made anew starts with the
 * removals of its predecessor; and it counts what is due, so that a burst is judged before any of
 * it is carried out.
 */
export class Guard extends Migration {
  override up(): void {
    this.addSql(records);
    this.addSql(requests);
    this.addSql(due);
    this.addSql(decisions);
  }
}

const records = `
alter table audit_record add column guild_id text;
alter table audit_record add column taken_back text[] not null default '{}';
comment on column audit_record.guild_id is 'null: written before the guard counted by guild';
comment on column audit_record.taken_back is 'planned removals that follow from holders: TAKE_BACK: they count for their role, and are never held';
update audit_record a set guild_id = c.guild_id from client c
  where c.id = a.client_id and a.opened_at > now() - interval '2 hours';
drop index audit_record_guard;
create index audit_record_guard on audit_record (guild_id, opened_at) where guarded_removed <> '{}' or taken_back <> '{}';
drop index audit_record_given;
create index audit_record_given on audit_record (guild_id, opened_at) where added <> '{}';
`;

const requests = `
create table asked_removal (
  guild_id text not null,
  role_id text not null,
  discord_user_id text not null,
  asked_at timestamptz not null,
  primary key (guild_id, role_id, discord_user_id)
);
comment on table asked_removal is 'requests to the platform to remove somebody: the removal guard counts those of the last hour; kept for a day';
create index asked_removal_time on asked_removal (guild_id, asked_at);
insert into asked_removal (guild_id, role_id, discord_user_id, asked_at)
  select c.guild_id, p.role_id, l.discord_user_id, max(b.removal_asked_at)
  from remote_membership b join link l on l.id = b.link_id join role_mapping p on p.id = b.mapping_id
  join client c on c.id = l.client_id
  where b.removal_asked_at > now() - interval '2 hours' group by 1, 2, 3;
`;

const due = `
alter table reconcile_job add column removals text[] not null default '{}';
comment on column reconcile_job.removals is 'roles to be removed by what has marked the member, as judged then; they count until the run begins';
create index reconcile_job_removals on reconcile_job (client_id) where removals <> '{}';
`;

const decisions = `
alter table removal_decision add column held_by text
  check (held_by in ('MEMBERSHIP', 'USER_DELETED', 'GROUP_DELETED', 'SWEEP', 'OTHER'));
alter table removal_decision add column is_stream boolean not null default false;
comment on column removal_decision.held_by is 'the kind of cause; null: not held by the limits';
comment on column removal_decision.is_stream is 'each came by itself, and only their sum was over the limit';
create index removal_decision_role on removal_decision (client_id, role_id) where verdict = 'HELD';
`;

-- 2026-11-22-first
create table platform_user (
  id text primary key,
  username text,
  attributes jsonb not null default '{}',
  fences jsonb not null default '{}',
  snapshot_sequence bigint,
  snapshot_time_us bigint,
  deleted_at timestamptz
);
comment on column platform_user.fences is 'the place in the order of facts that the username and each attribute have';
comment on column platform_user.snapshot_time_us is 'the fence of the last whole set; null: none was received, unknown groups are unknown';

create table platform_group (
  id text primary key,
  name text,
  fences jsonb not null default '{}',
  deleted_at timestamptz
);
create index platform_group_name on platform_group (lower(name) text_pattern_ops);

create table membership (
  platform_user_id text not null references platform_user,
  group_id text not null references platform_group,
  is_held boolean not null,
  sequence bigint,
  time_us bigint not null,
  is_snapshot boolean not null,
  primary key (platform_user_id, group_id)
);
comment on column membership.is_held is 'false: a tombstone, the group is known not to hold the user';
create index membership_group on membership (group_id, platform_user_id);
create table client (
  id uuid primary key,
  name text not null,
  guild_id text not null unique,
  application_id text not null,
  client_secret text not null,
  bot_token text not null,
  callback_url text,
  invite_url text,
  is_enabled boolean not null,
  authority text not null check (authority in ('PLATFORM', 'DISCORD', 'OBSERVE')),
  unknown_membership text not null check (unknown_membership in ('KEEP', 'REMOVE')),
  nickname_strategy text not null check (nickname_strategy in ('NONE', 'TEMPLATE', 'EVE_ONLINE')),
  nickname_template text,
  guard_minimum integer not null check (guard_minimum >= 0),
  guard_percent double precision not null check (guard_percent between 0 and 100),
  email_rule text not null check (email_rule in ('NONE', 'WARN', 'REQUIRE')),
  keeps_tokens boolean not null,
  whole_list_writes boolean not null,
  api_base text not null,
  authorize_url text not null,
  token_url text not null,
  revoke_url text not null,
  bot_user_id text,
  roles_read_at timestamptz,
  stopped_at timestamptz,
  paused_until timestamptz,
  pause_count integer not null default 0,
  trouble text,
  ending_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on column client.client_secret is 'AES-256-GCM, key id in front; likewise bot_token';
comment on column client.stopped_at is 'Discord refused the bot token; nothing is sent until it is replaced';
comment on column client.paused_until is 'the guild answers as if the bot had gone; nothing is sent until then';

create table role (
  client_id uuid not null references client on delete cascade,
  id text not null,
  name text not null,
  position integer not null,
  color integer not null,
  is_managed boolean not null,
  refusal text check (refusal in ('EVERYONE', 'MANAGED', 'ABOVE_BOT', 'MISSING_PERMISSION', 'UNKNOWN_ROLE')),
  primary key (client_id, id)
);
comment on column role.refusal is 'why the bot can neither give nor take it; null when it can';

create table role_mapping (
  id uuid primary key,
  client_id uuid not null references client on delete cascade,
  group_id text not null references platform_group,
  role_id text not null,
  authority text check (authority in ('PLATFORM', 'DISCORD', 'OBSERVE')),
  created_at timestamptz not null,
  retired_at timestamptz,
  foreign key (client_id, role_id) references role (client_id, id)
);
create unique index role_mapping_once on role_mapping (client_id, group_id, role_id);
create index role_mapping_group on role_mapping (group_id);
create index role_mapping_role on role_mapping (client_id, role_id);
create table link (
  id uuid primary key,
  client_id uuid not null references client on delete cascade,
  platform_user_id text not null references platform_user,
  discord_user_id text not null,
  status text not null check (status in ('ACTIVE', 'ENDING')),
  linked_at timestamptz not null,
  ending_at timestamptz
);
create unique index link_one_per_platform_user on link (client_id, platform_user_id) where status = 'ACTIVE';
create unique index link_one_per_account on link (client_id, discord_user_id) where status = 'ACTIVE';
create unique index link_pair on link (client_id, discord_user_id, platform_user_id);
create index link_platform_user on link (platform_user_id);
create index link_page on link (client_id, id);

create table member (
  client_id uuid not null references client on delete cascade,
  discord_user_id text not null,
  read_at timestamptz,
  is_present boolean not null default true,
  role_ids text[] not null default '{}',
  username text,
  display_name text,
  nickname text,
  is_pending boolean not null default false,
  timed_out_until timestamptz,
  state text check (state in ('IN_STEP', 'ABSENT', 'HELD', 'PARKED')),
  reason text,
  held_role_ids text[] not null default '{}',
  last_reconciled_at timestamptz,
  done_version bigint not null default 0,
  primary key (client_id, discord_user_id)
);
comment on column member.read_at is 'null: Discord was never asked, the mirror is empty for want of knowledge';
create index member_roles on member using gin (role_ids);
create sequence reconcile_version;
create table reconcile_job (
  client_id uuid not null references client on delete cascade,
  discord_user_id text not null,
  version bigint not null default nextval('reconcile_version'),
  lane smallint not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  causes jsonb not null,
  claimed_version bigint,
  claimed_by text,
  claimed_causes jsonb not null default '[]',
  is_parked boolean not null default false,
  primary key (client_id, discord_user_id)
);
comment on column reconcile_job.version is 'raised by every mark; completing removes the job only if it is still the claimed one';
create index reconcile_job_next on reconcile_job (client_id, lane desc, due_at);
create index reconcile_job_due on reconcile_job (client_id, due_at);

create function newest_causes(causes jsonb) returns jsonb language sql immutable as $$
  select case when jsonb_array_length(causes) <= 100 then causes
    else (select jsonb_agg(c.cause order by c.place)
          from jsonb_array_elements(causes) with ordinality as c (cause, place)
          where c.place > jsonb_array_length(causes) - 100) end
$$;
comment on function newest_causes is 'a job that waits long for its turn does not grow without end';

create function reconcile_job_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('reconcile_job', '');
  return null;
end $$;
create trigger reconcile_job_notify after insert or update of version on reconcile_job
  for each statement execute function reconcile_job_notify();

create table bot_lease (
  application_id text primary key,
  owner text not null,
  leased_until timestamptz not null
);
comment on table bot_lease is 'at most one process works a bot at a time, so that Discord''s limits hold';
create table audit_record (
  id uuid primary key,
  client_id uuid not null,
  discord_user_id text not null,
  platform_user_id text,
  causes jsonb not null,
  planned_added text[] not null,
  planned_removed text[] not null,
  guarded_removed text[] not null,
  added text[] not null default '{}',
  removed text[] not null default '{}',
  nickname text,
  outcome text check (outcome in ('APPLIED', 'UNCHANGED', 'ABSENT', 'HELD', 'PARKED')),
  reason text,
  opened_at timestamptz not null,
  closed_at timestamptz
);
comment on column audit_record.guarded_removed is 'planned removals that count against the removal guard';
create unique index audit_record_open on audit_record (client_id, discord_user_id) where closed_at is null;
create index audit_record_page on audit_record (client_id, id);
create index audit_record_member on audit_record (client_id, discord_user_id, id);
create index audit_record_person on audit_record (platform_user_id, id);
create index audit_record_guard on audit_record (client_id, opened_at) where guarded_removed <> '{}';

create table outbox (
  position bigint generated always as identity primary key,
  id uuid not null,
  key text not null,
  type text not null,
  subject text,
  time timestamptz not null,
  data jsonb not null
);
create function outbox_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('outbox', '');
  return null;
end $$;
create trigger outbox_notify after insert on outbox for each statement execute function outbox_notify();

-- 2026-11-22-workers
create table worker (
  owner text primary key,
  live_until timestamptz not null
);
comment on table worker is 'processes that run the path; each may hold its share of the bots';

-- 2026-11-22-sign-in
create table link_ticket (
  ticket_hash text primary key,
  client_id uuid not null references client on delete cascade,
  platform_user_id text not null references platform_user,
  email text,
  return_to text,
  expires_at timestamptz not null,
  browser_hash text,
  state_hash text unique,
  code_verifier text,
  spent_at timestamptz
);
comment on column link_ticket.browser_hash is 'of the first browser that went on; no other may';
comment on column link_ticket.code_verifier is 'AES-256-GCM, key id in front';
create index link_ticket_expiry on link_ticket (expires_at);
create table discord_grant (
  id uuid primary key,
  client_id uuid not null references client on delete cascade,
  discord_user_id text not null,
  access_token text not null,
  refresh_token text,
  scopes text[] not null,
  expires_at timestamptz not null,
  is_join_wanted boolean not null
);
create unique index discord_grant_one_per_member on discord_grant (client_id, discord_user_id);
create index discord_grant_account on discord_grant (discord_user_id);
comment on column discord_grant.access_token is 'AES-256-GCM, key id in front; likewise refresh_token';

create table revocation (
  id uuid primary key,
  client_id uuid not null,
  application_id text not null,
  discord_user_id text,
  access_token text not null,
  refresh_token text,
  scopes text[] not null,
  expires_at timestamptz not null,
  client_secret text not null,
  api_base text not null,
  authorize_url text not null,
  token_url text not null,
  revoke_url text not null,
  due_at timestamptz not null,
  attempts integer not null default 0
);
comment on table revocation is 'holds all it needs, so that it outlives its client';
create index revocation_due on revocation (due_at);

create function revocation_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('revocation', '');
  return null;
end $$;
create trigger revocation_notify after insert on revocation
  for each statement execute function revocation_notify();
create trigger revocation_sooner_notify after update of due_at on revocation
  for each row when (new.due_at < old.due_at) execute function revocation_notify();
comment on trigger revocation_sooner_notify on revocation is 'a claim only ever postpones: whoever looks must not wake himself';

create function revoke_deleted_grant() returns trigger language plpgsql as $$
begin
  insert into revocation (id, client_id, application_id, discord_user_id, access_token, refresh_token, scopes, expires_at,
    client_secret, api_base, authorize_url, token_url, revoke_url, due_at)
  select old.id, c.id, c.application_id, old.discord_user_id, old.access_token, old.refresh_token, old.scopes, old.expires_at,
    c.client_secret, c.api_base, c.authorize_url, c.token_url, c.revoke_url, clock_timestamp()
  from client c where c.id = old.client_id;
  return null;
end $$;
comment on function revoke_deleted_grant is 'a grant that is given up, by whichever door, is revoked';
create trigger revoke_deleted_grant after delete on discord_grant
  for each row execute function revoke_deleted_grant();

create function give_up_grants() returns trigger language plpgsql as $$
begin
  delete from discord_grant where client_id = old.id;
  return old;
end $$;
comment on function give_up_grants is 'before the client is gone, with the secret that revoking needs';
create trigger give_up_grants before delete on client for each row execute function give_up_grants();
alter table member add column join_refusal text;
comment on column member.join_refusal is 'why Discord last did not let the person in; null once they are seen in the guild';

-- 2026-11-22-client-checks
alter table client add column checks jsonb not null default '[]', add column checked_at timestamptz;
comment on column client.checked_at is 'when a check was begun last; a day later the next is due';

-- 2026-11-22-sweeps
create table schedule (
  client_id uuid not null references client on delete cascade,
  kind text not null check (kind in ('VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES')),
  cron text not null,
  time_zone text not null,
  is_enabled boolean not null,
  last_run_at timestamptz,
  next_run_at timestamptz,
  skipped_reason text,
  primary key (client_id, kind)
);
comment on column schedule.next_run_at is 'null: switched off';
comment on column schedule.skipped_reason is 'why the last time it was due no sweep was begun; null when one was';
create index schedule_due on schedule (next_run_at) where next_run_at is not null;

create function schedule_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('schedule', '');
  return null;
end $$;
create trigger schedule_notify after insert or update of cron, time_zone, is_enabled on schedule
  for each statement execute function schedule_notify();
create table sweep (
  id uuid primary key,
  client_id uuid not null references client on delete cascade,
  kind text not null check (kind in ('VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES', 'CHANGES')),
  state text not null check (state in ('WAITING', 'RUNNING', 'HELD', 'DONE', 'FAILED', 'CANCELLED')),
  is_dry_run boolean not null,
  plan jsonb,
  checked integer not null default 0,
  drifted integer not null default 0,
  changed integer not null default 0,
  failed integer not null default 0,
  reason text,
  cause jsonb not null,
  attempts integer not null default 0,
  owner text,
  leased_until timestamptz,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);
comment on column sweep.changed is 'changed by the sweep itself; what the path changed for it is counted from the records';
comment on column sweep.attempts is 'how often it was begun: a process that dies leaves it to another';
create unique index sweep_one_at_a_time on sweep (client_id, kind) where state in ('WAITING', 'RUNNING');
create index sweep_page on sweep (client_id, id);
create index sweep_open on sweep (id) where state in ('WAITING', 'RUNNING');

create table sweep_mark (
  sweep_id uuid not null references sweep on delete cascade,
  discord_user_id text not null,
  primary key (sweep_id, discord_user_id)
);
comment on table sweep_mark is 'whom a sweep has sent to the path';

create function sweep_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('sweep', '');
  return null;
end $$;
create trigger sweep_notify after insert or update of state on sweep
  for each statement execute function sweep_notify();
create table guild_listing (
  client_id uuid primary key references client on delete cascade,
  unlinked_holders jsonb not null,
  runs_since integer not null default 0
);
comment on column guild_listing.unlinked_holders is 'role id -> how many held it at the last listing whom nobody has linked';
comment on column guild_listing.runs_since is 'runs that found the numbers as expected and asked for no listing';

-- 2026-11-22-decisions
create table removal_decision (
  client_id uuid not null references client on delete cascade,
  discord_user_id text not null,
  role_id text not null,
  verdict text not null check (verdict in ('HELD', 'APPROVED', 'REJECTED')),
  ground text not null check (ground in ('LIMIT', 'NEW_MAPPING')),
  sweep_id uuid references sweep on delete set null,
  reason text not null,
  decided_at timestamptz not null default clock_timestamp(),
  primary key (client_id, discord_user_id, role_id)
);
comment on table removal_decision is 'goes with a newer fact, mapping or link; a held or approved one also when it is carried out';
create index removal_decision_sweep on removal_decision (sweep_id, discord_user_id);

create function removal_decision_drained() returns trigger language plpgsql as $$
begin
  -- One after the other: of two that take the last two removals of a plan at once, neither would see the other's as gone.
  perform from sweep where id in (select sweep_id from gone) and state in ('HELD', 'APPROVED') order by id for update;
  update sweep s set state = case s.state when 'APPROVED' then 'DONE' else 'CANCELLED' end,
    reason = case s.state when 'APPROVED' then s.reason else 'nothing of its plan is left to do' end,
    finished_at = clock_timestamp()
  where s.state in ('HELD', 'APPROVED') and s.id in (select sweep_id from gone)
    and not exists (select from removal_decision d where d.sweep_id = s.id and d.verdict <> 'REJECTED');
  return null;
end $$;
create trigger removal_decision_drained after delete on removal_decision
  referencing old table as gone for each statement execute function removal_decision_drained();
alter table sweep drop constraint sweep_state_check;
alter table sweep add constraint sweep_state_check check (state in
  ('WAITING', 'RUNNING', 'HELD', 'APPROVED', 'REJECTED', 'DONE', 'FAILED', 'CANCELLED'));
alter table sweep add column decided_by text;
alter table sweep add column decided_at timestamptz;
comment on column sweep.plan is 'of a held sweep, until it is decided: see removal_decision';
create unique index sweep_one_held on sweep (client_id, kind) where state = 'HELD';
alter table member drop column held_role_ids;
alter table link add column is_end_asked_for boolean not null default false;
alter table client add column doubt text;
comment on column client.doubt is 'why the last listing of its guild could not be believed; null: it could';
create index audit_record_given on audit_record (client_id, opened_at) where added <> '{}';

-- 2026-11-22-nicknames
alter table client add column guild_owner_id text;
comment on column client.guild_owner_id is 'Discord lets nobody rename the owner; null: the guild was not read yet';

alter table role add column rename_refusal text check (rename_refusal in ('ABOVE_BOT', 'MISSING_PERMISSION'));
comment on column role.rename_refusal is 'why the bot cannot rename who holds it; of @everyone, everybody; null when it can';

alter table member add column nickname_refused text, add column nickname_refused_at timestamptz;
comment on column member.nickname_refused is 'asked for, and refused by Discord or kept as another text: not tried again for a day';

alter table audit_record add column planned_nickname text;
alter table sweep add column enforce_strategy text check (enforce_strategy in ('NONE', 'TEMPLATE', 'EVE_ONLINE'));

update schedule s set is_enabled = true, next_run_at = null
from client c where c.id = s.client_id and s.kind = 'ENFORCE_NICKNAMES' and c.nickname_strategy <> 'NONE' and not s.is_enabled;

-- 2026-11-22-notices
alter table audit_record add column closed_xid xid8;
comment on column audit_record.closed_xid is 'the transaction that closed it: with two snapshots it says exactly what is new between them';
create index audit_record_closed on audit_record (closed_xid, id) where closed_xid is not null;

create function audit_record_close() returns trigger language plpgsql as $$
begin
  new.closed_xid := pg_current_xact_id();
  perform pg_notify('audit_record_closed', new.client_id::text);
  return new;
end $$;
create trigger audit_record_close before update of closed_at on audit_record for each row
  when (old.closed_at is null and new.closed_at is not null) execute function audit_record_close();
create trigger audit_record_insert_closed before insert on audit_record for each row
  when (new.closed_at is not null) execute function audit_record_close();
create function sweep_move() returns trigger language plpgsql as $$
begin
  perform pg_notify('sweep_moved', new.client_id || ' ' || new.id);
  return null;
end $$;
create trigger sweep_begun after insert on sweep for each row execute function sweep_move();
create trigger sweep_moved after update on sweep for each row
  when ((old.state, old.checked, old.drifted, old.changed, old.failed, old.reason, old.plan)
    is distinct from (new.state, new.checked, new.drifted, new.changed, new.failed, new.reason, new.plan))
  execute function sweep_move();

-- 2026-11-22-discord-says
alter table member add column joined_at timestamptz;
comment on column member.joined_at is 'when the account came into the guild, as Discord says; another time: it was away meanwhile';
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

-- 2026-11-22-idempotency
create table idempotent_request (
  caller text not null,
  key_hash text not null,
  fingerprint text not null,
  claim uuid not null,
  leased_until timestamptz not null,
  answer text,
  kept_until timestamptz not null,
  primary key (caller, key_hash)
);
comment on table idempotent_request is 'under way while there is no answer; free again when the lease of a process that died runs out';
comment on column idempotent_request.key_hash is 'SHA-256: a caller may put anything into a key';
comment on column idempotent_request.fingerprint is 'of the operation, its variables and the rights it was asked with';
comment on column idempotent_request.answer is 'AES-256-GCM, key id in front; packed by gzip before';
create index idempotent_request_expiry on idempotent_request (kept_until);

-- 2026-11-23-retention
create index sweep_over on sweep (client_id, finished_at) where finished_at is not null;
create index sweep_people on sweep using gin (jsonb_path_query_array(plan, '$.members[*].platformUserId') jsonb_path_ops)
  where plan is not null;
create index removal_decision_rejected on removal_decision (client_id, discord_user_id) where verdict = 'REJECTED';
alter table client add column audit_retention_days integer check (audit_retention_days >= 1);
comment on column client.audit_retention_days is 'null: the default';

-- 2026-11-23-telemetry
alter table reconcile_job add column marked_at timestamptz not null default now();
comment on column reconcile_job.marked_at is 'of the first mark that is not settled; a later one leaves it';
create index sweep_verified on sweep (client_id, finished_at)
  where kind = 'VERIFY_GROUPS' and state in ('DONE', 'HELD') and not is_dry_run;
create index sweep_held on sweep (client_id) where state = 'HELD';
create index removal_decision_held on removal_decision (client_id) where verdict = 'HELD';

-- 2026-11-23-quiet-sweeps
drop trigger sweep_notify on sweep;
create trigger sweep_notify after insert or update of state on sweep for each row
  when (new.state = 'WAITING') execute function sweep_notify();
comment on trigger sweep_notify on sweep is 'a claim only ever takes: whoever looks must not wake himself';

-- 2026-11-23-links-in-order
drop index link_one_per_platform_user;
create unique index link_one_per_platform_user on link (client_id, platform_user_id) include (discord_user_id) where status = 'ACTIVE';
create index link_ending on link (client_id, discord_user_id) where status = 'ENDING';

-- 2026-11-29-mutation-times
alter table membership add is_mutation boolean not null default false;
alter table platform_user add snapshot_is_mutation boolean not null default false;
comment on column membership.is_mutation is 'time_us is the receipt of a mutation, by the database''s clock; false: an event gave it';
comment on column platform_user.snapshot_is_mutation is 'as membership.is_mutation, of the last whole set';
comment on column platform_user.fences is 'the place in the order of facts that the username and each attribute have: sequence, time_us, and true of a mutation';
update membership set is_mutation = true
  where sequence is null and time_us > extract(epoch from now() + interval '5 minutes') * 1000000;
update platform_user set snapshot_is_mutation = true
  where snapshot_sequence is null and snapshot_time_us > extract(epoch from now() + interval '5 minutes') * 1000000;

-- 2026-11-29-deletion-fences
alter table platform_group add deletion_fence jsonb;
alter table platform_user add deletion_fence jsonb;
alter table platform_user add deleted_by text;
alter table platform_user add restored_fence jsonb;
comment on column platform_group.deletion_fence is 'of all its deletions [highest sequence, latest time_us of those without one, latest time_us of all]: memberships that are not newer have ended';
comment on column platform_user.deletion_fence is 'as of a group, of the deletions since the user was last restored; null: not deleted';
comment on column platform_user.deleted_by is 'the caller or the event source that deleted the user';
comment on column platform_user.restored_fence is 'the fences of lifted deletions: facts and deletions that are not newer lose';
update platform_user set deletion_fence = jsonb_build_array(null, f.us, f.us)
  from (select id, (extract(epoch from deleted_at) * 1000000)::bigint as us from platform_user where deleted_at is not null) f
  where f.id = platform_user.id;
update platform_group set deletion_fence = case when fences #> '{life,0}' = 'null'
    then jsonb_build_array(null, fences #> '{life,1}', fences #> '{life,1}')
    else jsonb_build_array(fences #> '{life,0}', null, fences #> '{life,1}') end
  where deleted_at is not null and fences ? 'life';
update membership m set is_held = false from platform_group g
  where g.id = m.group_id and g.deletion_fence is not null and m.is_held
    and case when m.sequence is not null
      then m.sequence <= (g.deletion_fence ->> 0)::bigint or m.time_us <= (g.deletion_fence ->> 1)::bigint
      else m.time_us <= (g.deletion_fence ->> 2)::bigint end;

-- 2026-11-29-ticket-emails
alter table link_ticket add column email_cipher text;
comment on column link_ticket.email_cipher is 'AES-256-GCM, key id in front; null once the ticket is spent';
comment on column link_ticket.email is 'written by earlier versions only';
update link_ticket set email = null where email is not null;

-- 2026-11-29-foreign-roles
alter table member add column roles_lost_at timestamptz;
comment on column member.roles_lost_at is 'when a reading last lacked a role without a mapping that the one before showed';

-- 2026-11-29-claims
alter table reconcile_job add column claim_number bigint;
comment on column reconcile_job.claim_number is 'which of the claims of claimed_by, counted from the start of that process';

-- 2026-11-29-write-probe
create table write_probe (
  is_only boolean primary key check (is_only),
  written_at timestamptz not null
);

-- 2026-11-29-guard
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
alter table reconcile_job add column removals text[] not null default '{}';
comment on column reconcile_job.removals is 'roles to be removed by what has marked the member, as judged then; they count until the run begins';
create index reconcile_job_removals on reconcile_job (client_id) where removals <> '{}';
alter table removal_decision add column held_by text
  check (held_by in ('MEMBERSHIP', 'USER_DELETED', 'GROUP_DELETED', 'SWEEP', 'OTHER'));
alter table removal_decision add column is_stream boolean not null default false;
comment on column removal_decision.held_by is 'the kind of cause; null: not held by the limits';
comment on column removal_decision.is_stream is 'each came by itself, and only their sum was over the limit';
create index removal_decision_role on removal_decision (client_id, role_id) where verdict = 'HELD';

-- 2026-11-29-counts-fault
alter table client add column counts_fault text;
comment on column client.counts_fault is 'why Discord did not count role holders at the last sweep that asked; null: it did';

-- 2026-11-29-link-proof
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
  'its link ended because it had left the guild; if it returns with one of these roles, the link ends once more';

-- 2026-11-29-member-states
create index member_state on member (client_id, state);
create index remote_membership_open on remote_membership (link_id) where request_state = 'OPEN';

-- 2026-11-29-sending-pauses
alter table client
  add column sending_cause text,
  add column sending_since timestamptz,
  add column sending_until timestamptz;
comment on column client.sending_cause is 'why the process that works this client sends nothing to Discord now; it is kept there, here it is only shown';
comment on column client.sending_until is 'when the next call is tried; in the past: the pause is over, or its process is';
alter table sweep add column not_before timestamptz;
comment on column sweep.not_before is 'postponed: no process begins it earlier';

-- 2026-11-29-claim-owners
alter table revocation add column claimed_by text;
comment on column revocation.claimed_by is 'the process that revokes it, until due_at; null: no process does';
create index revocation_claim on revocation (claimed_by) where claimed_by is not null;
alter table client add column check_claimed_by text, add column check_claimed_until timestamptz;
comment on column client.check_claimed_by is 'the process that makes the daily check, until check_claimed_until';

-- 2026-11-29-roles-read
alter table member add column roles_read_at timestamptz;
comment on column member.roles_read_at is 'when Discord last answered with all of role_ids; null: before this was kept';

-- 2026-11-29-nickname-resets
alter table client add column nickname_on_unlink text not null default 'RESET'
  check (nickname_on_unlink in ('RESET', 'KEEP'));
alter table member add column nickname_set_hash text;
comment on column member.nickname_set_hash is 'SHA-256 of what Discord showed after the connector last set a nickname; null: never set, or reset';

update member m set nickname_set_hash = encode(sha256(convert_to(r.nickname, 'UTF8')), 'hex')
from (
  select distinct on (client_id, discord_user_id) client_id, discord_user_id, nickname
  from audit_record where nickname is not null and closed_at is not null
  order by client_id, discord_user_id, closed_at desc) r
where r.client_id = m.client_id and r.discord_user_id = m.discord_user_id and m.nickname is not null;

-- 2026-11-29-unlinked-holders
create table unlinked_holder (
  client_id uuid not null references client on delete cascade,
  role_id text not null,
  discord_user_id text not null,
  username text not null,
  display_name text,
  nickname text,
  is_bot boolean not null,
  primary key (client_id, role_id, discord_user_id)
);
comment on table unlinked_holder is 'written by listings alone, and only where something differs; linking an account deletes its rows';
create index unlinked_holder_account on unlinked_holder (client_id, (discord_user_id::numeric));
alter table guild_listing add column listed_at timestamptz;
comment on column guild_listing.listed_at is 'when the last complete member list was requested; null: none was since this column exists, or the bot may not list';

-- 2026-11-29-ticket-attempts
alter table link_ticket add column attempt text;
comment on column link_ticket.attempt is 'the request that took the state, and spent the ticket; only that request may do so again';

-- 2026-11-29-screening
alter table client add column screening text not null default 'WAIT' check (screening in ('WAIT', 'IGNORE'));
alter table member drop constraint member_state_check;
alter table member add constraint member_state_check
  check (state in ('IN_STEP', 'ABSENT', 'HELD', 'PARKED', 'PENDING'));
create index member_screened on member (client_id, read_at) where is_pending;

-- 2026-11-29-ensured-roles
alter table audit_record
  add column ensured_added text[] not null default '{}',
  add column ensured_removed text[] not null default '{}';
comment on column audit_record.ensured_added is
  'open: planned roles that the last reading already showed, or all of them where nothing was read; closed: those of them that the member then held';
comment on column audit_record.ensured_removed is
  'open: planned removals of roles that the last reading did not show; closed: those of them that the member then lacked';

-- 2026-11-29-parked-causes
alter table member add column parking jsonb;
comment on column member.parking is 'of a parked member, [{cause, endedBy}] in words that fit every member with that cause; null: parked before this column existed, or not parked';
alter table sweep add column parked integer not null default 0;
comment on column sweep.parked is 'of the drifted, members that were parked before it and that it does not try again';

-- 2026-11-29-bot-accounts
alter table member add column is_bot boolean not null default false;
create index member_bot on member (discord_user_id) where is_bot;

-- What MikroORM adds.
create table migration (id serial primary key, name varchar(255) not null, executed_at timestamptz(6) not null default current_timestamp(6));
insert into migration (name) values
  ('2026-11-22-first'),
  ('2026-11-22-workers'),
  ('2026-11-22-sign-in'),
  ('2026-11-22-client-checks'),
  ('2026-11-22-sweeps'),
  ('2026-11-22-decisions'),
  ('2026-11-22-nicknames'),
  ('2026-11-22-notices'),
  ('2026-11-22-discord-says'),
  ('2026-11-22-idempotency'),
  ('2026-11-23-retention'),
  ('2026-11-23-telemetry'),
  ('2026-11-23-quiet-sweeps'),
  ('2026-11-23-links-in-order'),
  ('2026-11-29-mutation-times'),
  ('2026-11-29-deletion-fences'),
  ('2026-11-29-ticket-emails'),
  ('2026-11-29-foreign-roles'),
  ('2026-11-29-claims'),
  ('2026-11-29-write-probe'),
  ('2026-11-29-guard'),
  ('2026-11-29-counts-fault'),
  ('2026-11-29-link-proof'),
  ('2026-11-29-member-states'),
  ('2026-11-29-sending-pauses'),
  ('2026-11-29-claim-owners'),
  ('2026-11-29-roles-read'),
  ('2026-11-29-nickname-resets'),
  ('2026-11-29-unlinked-holders'),
  ('2026-11-29-ticket-attempts'),
  ('2026-11-29-screening'),
  ('2026-11-29-ensured-roles'),
  ('2026-11-29-parked-causes'),
  ('2026-11-29-bot-accounts');
comment on table migration is 'discord-connector 0.1.0';

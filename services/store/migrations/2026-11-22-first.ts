import { Migration } from '@mikro-orm/migrations';

/**
 * Tables in the order of the flow: what the platform says, what was set up, what is to be done,
 * what was done.
 */
export class FirstTables extends Migration {
  override up(): void {
    this.addSql(platform);
    this.addSql(clients);
    this.addSql(members);
    this.addSql(jobs);
    this.addSql(records);
  }
}

const platform = `
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
`;

const clients = `
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
`;

const members = `
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
`;

const jobs = `
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
`;

const records = `
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
`;

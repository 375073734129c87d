import { Migration } from '@mikro-orm/migrations';

/**
 * What time brings: when each kind of sweep is due, its runs, and what the last listing of a guild
 * has shown.
 */
export class Sweeps extends Migration {
  override up(): void {
    this.addSql(schedules);
    this.addSql(sweeps);
    this.addSql(listings);
  }
}

const KINDS = `'VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES'`;

const schedules = `
create table schedule (
  client_id uuid not null references client on delete cascade,
  kind text not null check (kind in (${KINDS})),
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
`;

const sweeps = `
create table sweep (
  id uuid primary key,
  client_id uuid not null references client on delete cascade,
  kind text not null check (kind in (${KINDS}, 'CHANGES')),
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
`;

const listings = `
create table guild_listing (
  client_id uuid primary key references client on delete cascade,
  unlinked_holders jsonb not null,
  runs_since integer not null default 0
);
comment on column guild_listing.unlinked_holders is 'role id -> how many held it at the last listing whom nobody has linked';
comment on column guild_listing.runs_since is 'runs that found the numbers as expected and asked for no listing';
`;

import { Migration } from '@mikro-orm/migrations';

export class Live extends Migration {
  override up(): void {
    this.addSql(`
      create table "gateway_session" ("application_id" text not null, "shard_id" int not null, "shard_count" int not null, "session_id" text not null, "resume_url" text not null, "sequence" bigint not null, "saved_at" timestamptz not null, primary key ("application_id", "shard_id"));
      comment on table "gateway_session" is 'useless without the bot token';
      comment on column "gateway_session"."sequence" is 'the last event whose effects are stored; saved in the same transaction';
      create table "gateway_start" ("application_id" text not null, "remaining" int not null, "resets_at" timestamptz not null, "next_at" timestamptz not null, primary key ("application_id"));
      comment on column "gateway_start"."remaining" is 'identifies left until resets_at';
      comment on column "gateway_start"."next_at" is 'the next identify may not come earlier';
      create table "hand_change" ("client_id" uuid not null, "discord_user_id" text not null, "role_id" text not null, "is_given" boolean not null, "changed_at" timestamptz not null, "by_discord_user_id" text null, "by_name" text null, "entry_id" text null, "is_held" boolean not null default false, "reversals" int not null default 0, "reversed_since" timestamptz null, "disputed_since" timestamptz null, "next_try_at" timestamptz null, "tries" int not null default 0, primary key ("client_id", "discord_user_id", "role_id"));
      comment on table "hand_change" is 'deleted when a newer fact about the role arrives, and a day after the last change';
      comment on column "hand_change"."is_given" is 'true: the role was given; false: it was taken';
      comment on column "hand_change"."by_discord_user_id" is 'from the guild''s audit log; null: unknown';
      comment on column "hand_change"."entry_id" is 'the audit log entry''s id, which contains its time';
      comment on column "hand_change"."is_held" is 'hand_removals is HOLD: the role is not given back until an admin or a fact does';
      comment on column "hand_change"."reversals" is 'how often the connector was reversed since reversed_since';
      comment on column "hand_change"."disputed_since" is 'after three reversals within ten minutes; null: not disputed';
      comment on column "hand_change"."next_try_at" is 'when a disputed change is tried again';
      create index "hand_change_at" on "hand_change" ("changed_at");
      create table "live_guild" ("client_id" uuid not null, "state" text not null, "reason" text null, "since" timestamptz not null, "gap_at" timestamptz null, "live_until" timestamptz null, "unavailable_since" timestamptz null, "last_event_at" timestamptz null, "missed" bigint not null default 0, primary key ("client_id"));
      comment on table "live_guild" is 'written by the process that holds the bot''s gateway session; no row: never live';
      comment on column "live_guild"."reason" is 'why events do not arrive; null: they do';
      comment on column "live_guild"."since" is 'when the state began';
      comment on column "live_guild"."gap_at" is 'when events were last missed: a member list requested later ends the gap; null: no gap';
      comment on column "live_guild"."live_until" is 'the mirror counts as live until then; every heartbeat of the session extends it';
      comment on column "live_guild"."unavailable_since" is 'when Discord reported an outage of the guild; null: none';
      comment on column "live_guild"."missed" is 'differences that sweeps found and events should have shown';
      alter table "audit_record" drop constraint "audit_record_outcome_check";
      alter table "audit_record" add constraint "audit_record_outcome_check" check ("outcome" in ('APPLIED', 'UNCHANGED', 'ABSENT', 'HELD', 'PARKED', 'DISPUTED'));
      alter table "client" add "is_live" boolean not null default true, add "hand_removals" text not null default 'RESTORE';
      comment on column "client"."is_live" is 'false: no gateway session; changes on Discord are found by polling';
      alter table "client" add constraint "client_hand_removals_check" check ("hand_removals" in ('RESTORE', 'HOLD'));
      alter table "member" drop constraint "member_state_check";
      alter table "member" add "live_at" timestamptz null, add "renamed_by_hand_at" timestamptz[] not null default '{}';
      comment on column "member"."live_at" is 'when a gateway event last showed the member; null: never';
      comment on column "member"."renamed_by_hand_at" is 'when others last changed the nickname against the policy; older than an hour: forgotten';
      alter table "member" add constraint "member_state_check" check ("state" in ('IN_STEP', 'ABSENT', 'HELD', 'PARKED', 'PENDING', 'DISPUTED'));
      alter table "hand_change" add constraint "hand_change_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;
      alter table "live_guild" add constraint "live_guild_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;
      alter table "live_guild" add constraint "live_guild_state_check" check ("state" in ('CONNECTING', 'CATCHING_UP', 'LIVE', 'POLLING'));`);
  }
}

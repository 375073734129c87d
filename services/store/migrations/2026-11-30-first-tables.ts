/**
 * The tables as the schema generator writes them for the entities of that day. One edit by hand:
 * it called the identity column `outbox.position` bigserial.
 */
export const TABLES = `
create table "asked_removal" ("guild_id" text not null, "role_id" text not null, "discord_user_id" text not null, "asked_at" timestamptz not null, primary key ("guild_id", "role_id", "discord_user_id"));
comment on table "asked_removal" is 'removal requests to the platform; the removal guard counts the last hour''s, and rows are kept for a day';
create index "asked_removal_time" on "asked_removal" ("guild_id", "asked_at");

create table "audit_record" ("id" uuid not null, "client_id" uuid not null, "discord_user_id" text not null, "platform_user_id" text null, "causes" jsonb not null, "planned_added" text[] not null, "planned_removed" text[] not null, "guarded_removed" text[] not null, "added" text[] not null default '{}', "removed" text[] not null default '{}', "nickname" text null, "outcome" text null, "reason" text null, "opened_at" timestamptz not null, "closed_at" timestamptz null, "planned_nickname" text null, "closed_xid" xid8 null, "guild_id" text null, "taken_back" text[] not null default '{}', "ensured_added" text[] not null default '{}', "ensured_removed" text[] not null default '{}', primary key ("id"));
comment on column "audit_record"."guarded_removed" is 'planned removals that count against the removal guard';
comment on column "audit_record"."closed_xid" is 'the transaction that closed the record; comparing it with two snapshots gives the records closed between them';
comment on column "audit_record"."guild_id" is 'null: written before the guard counted by guild';
comment on column "audit_record"."taken_back" is 'planned removals requested with holders: TAKE_BACK; they count for their role but are never held';
comment on column "audit_record"."ensured_added" is 'open record: planned roles that the last reading already showed, or all if nothing was read; closed record: the ones the member held at the end';
comment on column "audit_record"."ensured_removed" is 'open record: planned removals of roles that the last reading did not show; closed record: the ones the member lacked at the end';
create index "audit_record_page" on "audit_record" ("client_id", "id");
create index "audit_record_member" on "audit_record" ("client_id", "discord_user_id", "id");
create index "audit_record_person" on "audit_record" ("platform_user_id", "id");
create index "audit_record_guard" on "audit_record" ("guild_id", "opened_at") where (guarded_removed <> '{}') or (taken_back <> '{}');
create index "audit_record_given" on "audit_record" ("guild_id", "opened_at") where added <> '{}';
create index "audit_record_closed" on "audit_record" ("closed_xid", "id") where closed_xid is not null;
create unique index "audit_record_open" on "audit_record" ("client_id", "discord_user_id") where closed_at is null;
alter table "audit_record" add constraint "audit_record_outcome_check" check ("outcome" in ('APPLIED', 'UNCHANGED', 'ABSENT', 'HELD', 'PARKED'));

create table "bot_lease" ("application_id" text not null, "owner" text not null, "leased_until" timestamptz not null, primary key ("application_id"));
comment on table "bot_lease" is 'at most one process uses a bot at a time, which keeps it within Discord''s rate limits';

create table "client" ("id" uuid not null, "name" text not null, "guild_id" text not null, "application_id" text not null, "client_secret" text not null, "bot_token" text not null, "callback_url" text null, "invite_url" text null, "is_enabled" boolean not null, "authority" text not null, "unknown_membership" text not null, "nickname_strategy" text not null, "nickname_template" text null, "guard_minimum" int not null, "guard_percent" double precision not null, "email_rule" text not null, "keeps_tokens" boolean not null, "whole_list_writes" boolean not null, "api_base" text not null, "authorize_url" text not null, "token_url" text not null, "revoke_url" text not null, "bot_user_id" text null, "roles_read_at" timestamptz null, "stopped_at" timestamptz null, "paused_until" timestamptz null, "pause_count" int not null default 0, "trouble" text null, "ending_at" timestamptz null, "created_at" timestamptz not null, "updated_at" timestamptz not null, "checks" jsonb not null default '[]', "checked_at" timestamptz null, "doubt" text null, "guild_owner_id" text null, "audit_retention_days" int null, "counts_fault" text null, "sending_cause" text null, "sending_since" timestamptz null, "sending_until" timestamptz null, "check_claimed_by" text null, "check_claimed_until" timestamptz null, "nickname_on_unlink" text not null default 'RESET', "screening" text not null default 'WAIT', primary key ("id"));
comment on column "client"."client_secret" is 'AES-256-GCM, prefixed with the key id; so is bot_token';
comment on column "client"."stopped_at" is 'when Discord rejected the bot token; nothing is sent until the token is replaced';
comment on column "client"."paused_until" is 'nothing is sent before this time, because the bot seems to have left the guild or the guild refuses too many calls';
comment on column "client"."checked_at" is 'when the last daily check began; the next is due a day later';
comment on column "client"."doubt" is 'why the last member list looked incomplete; null: it was accepted';
comment on column "client"."guild_owner_id" is 'the guild''s owner, whom no bot can rename; null: not read yet';
comment on column "client"."audit_retention_days" is 'null: the default of 400 days';
comment on column "client"."counts_fault" is 'why Discord did not return the number of role holders at the last sweep; null: it did';
comment on column "client"."sending_cause" is 'why the process that uses this bot has paused its calls; a copy for display, the process holds the pause';
comment on column "client"."sending_until" is 'when the next call is tried; in the past: the pause or its process has ended';
comment on column "client"."check_claimed_by" is 'the process that runs the daily check, until check_claimed_until';
alter table "client" add constraint "client_guild_id_key" unique ("guild_id");
alter table "client" add constraint "client_guard_minimum_check" check (guard_minimum >= 0);
alter table "client" add constraint "client_guard_percent_check" check (guard_percent between 0 and 100);
alter table "client" add constraint "client_audit_retention_days_check" check (audit_retention_days >= 1);
alter table "client" add constraint "client_authority_check" check ("authority" in ('PLATFORM', 'DISCORD', 'OBSERVE'));
alter table "client" add constraint "client_unknown_membership_check" check ("unknown_membership" in ('KEEP', 'REMOVE'));
alter table "client" add constraint "client_nickname_strategy_check" check ("nickname_strategy" in ('NONE', 'TEMPLATE', 'EVE_ONLINE'));
alter table "client" add constraint "client_email_rule_check" check ("email_rule" in ('NONE', 'WARN', 'REQUIRE'));
alter table "client" add constraint "client_nickname_on_unlink_check" check ("nickname_on_unlink" in ('RESET', 'KEEP'));
alter table "client" add constraint "client_screening_check" check ("screening" in ('WAIT', 'IGNORE'));

create table "departed_account" ("client_id" uuid not null, "discord_user_id" text not null, "link_id" uuid not null, "platform_user_id" text not null, "is_end_asked_for" boolean not null, "role_ids" text[] not null, "ended_at" timestamptz not null, primary key ("client_id", "discord_user_id"));
comment on table "departed_account" is 'accounts whose link ended after they left the guild; if one returns with these roles, the roles are removed again';

create table "discord_grant" ("id" uuid not null, "client_id" uuid not null, "discord_user_id" text not null, "access_token" text not null, "refresh_token" text null, "scopes" text[] not null, "expires_at" timestamptz not null, "is_join_wanted" boolean not null, primary key ("id"));
comment on column "discord_grant"."access_token" is 'AES-256-GCM, prefixed with the key id; so is refresh_token';
create unique index discord_grant_one_per_member on discord_grant (client_id, discord_user_id);
create index "discord_grant_account" on "discord_grant" ("discord_user_id");

create table "guild_listing" ("client_id" uuid not null, "unlinked_holders" jsonb not null, "runs_since" int not null default 0, "listed_at" timestamptz null, primary key ("client_id"));
comment on column "guild_listing"."unlinked_holders" is 'role id -> number of holders without a link at the last member list';
comment on column "guild_listing"."runs_since" is 'runs since the last member list that found the expected role counts';
comment on column "guild_listing"."listed_at" is 'when the last complete member list was requested; null: never, or the bot may not list members';

create table "idempotent_request" ("caller" text not null, "key_hash" text not null, "fingerprint" text not null, "claim" uuid not null, "leased_until" timestamptz not null, "answer" text null, "kept_until" timestamptz not null, primary key ("caller", "key_hash"));
comment on table "idempotent_request" is 'in progress while answer is null; the key becomes free when the lease of a dead process expires';
comment on column "idempotent_request"."key_hash" is 'SHA-256, because a caller may put anything into a key';
comment on column "idempotent_request"."fingerprint" is 'hash of the operation, its variables and the caller''s rights';
comment on column "idempotent_request"."answer" is 'gzipped, then AES-256-GCM, prefixed with the key id';
create index "idempotent_request_expiry" on "idempotent_request" ("kept_until");

create table "member" ("client_id" uuid not null, "discord_user_id" text not null, "read_at" timestamptz null, "is_present" boolean not null default true, "role_ids" text[] not null default '{}', "username" text null, "display_name" text null, "nickname" text null, "is_pending" boolean not null default false, "timed_out_until" timestamptz null, "state" text null, "reason" text null, "last_reconciled_at" timestamptz null, "done_version" bigint not null default 0, "join_refusal" text null, "nickname_refused" text null, "nickname_refused_at" timestamptz null, "joined_at" timestamptz null, "roles_lost_at" timestamptz null, "absent_since" timestamptz null, "left_role_ids" text[] not null default '{}', "roles_read_at" timestamptz null, "nickname_set_hash" text null, "parking" jsonb null, "is_bot" boolean not null default false, primary key ("client_id", "discord_user_id"));
comment on column "member"."read_at" is 'when Discord last returned the member; null: never, so the mirror is unknown';
comment on column "member"."join_refusal" is 'why Discord last refused to add the account to the guild; null once the account is a member';
comment on column "member"."nickname_refused" is 'a nickname that Discord refused or stored as different text; not tried again for a day';
comment on column "member"."joined_at" is 'when the account joined the guild, from Discord; a different value means that it left and rejoined';
comment on column "member"."roles_lost_at" is 'when a reading last lacked an unmapped role that the previous reading showed';
comment on column "member"."absent_since" is 'the first of several consecutive answers that the account is not in the guild; -infinity: a complete member list lacked it; null: it is in the guild';
comment on column "member"."left_role_ids" is 'its last observed roles, while it is not in the guild';
comment on column "member"."roles_read_at" is 'when Discord last returned all roles; null: unknown';
comment on column "member"."nickname_set_hash" is 'SHA-256 of the nickname that Discord returned when the connector last set it; null: never set, or reset';
comment on column "member"."parking" is '[{cause, endedBy}] of a parked member, in words that fit every member with that cause; null: not parked, or parked by a version without this column';
create index "member_roles" on "member" using gin ("role_ids");
create index "member_state" on "member" ("client_id", "state");
create index "member_screened" on "member" ("client_id", "read_at") where is_pending;
create index "member_bot" on "member" ("discord_user_id") where is_bot;
alter table "member" add constraint "member_state_check" check ("state" in ('IN_STEP', 'ABSENT', 'HELD', 'PARKED', 'PENDING'));

create table "outbox" ("position" bigint generated always as identity not null primary key, "id" uuid not null, "key" text not null, "type" text not null, "subject" text null, "time" timestamptz not null, "data" jsonb not null);

create table "platform_group" ("id" text not null, "name" text null, "fences" jsonb not null default '{}', "deleted_at" timestamptz null, "deletion_fence" jsonb null, primary key ("id"));
comment on column "platform_group"."deletion_fence" is '[highest sequence, latest time_us without a sequence, latest time_us] of its deletions; memberships that are not newer have ended';
create index platform_group_name on platform_group (lower(name) text_pattern_ops);

create table "platform_user" ("id" text not null, "username" text null, "attributes" jsonb not null default '{}', "fences" jsonb not null default '{}', "snapshot_sequence" bigint null, "snapshot_time_us" bigint null, "deleted_at" timestamptz null, "snapshot_is_mutation" boolean not null default false, "deletion_fence" jsonb null, "deleted_by" text null, "restored_fence" jsonb null, primary key ("id"));
comment on column "platform_user"."fences" is 'the order of the username and of each attribute: sequence, time_us, and whether a mutation set it';
comment on column "platform_user"."snapshot_time_us" is 'the time of the last complete snapshot of memberships; null: none was received, so unmentioned groups are unknown';
comment on column "platform_user"."snapshot_is_mutation" is 'like membership.is_mutation, for the last complete snapshot';
comment on column "platform_user"."deletion_fence" is 'like platform_group.deletion_fence, for deletions since the user was last restored; null: not deleted';
comment on column "platform_user"."deleted_by" is 'the caller or the event source that deleted the user';
comment on column "platform_user"."restored_fence" is 'the deletion fence at the last restore; facts and deletions that are not newer are rejected';

create table "membership" ("platform_user_id" text not null, "group_id" text not null, "is_held" boolean not null, "sequence" bigint null, "time_us" bigint not null, "is_snapshot" boolean not null, "is_mutation" boolean not null default false, primary key ("platform_user_id", "group_id"));
comment on column "membership"."is_held" is 'false: a tombstone, the user is known not to be in the group';
comment on column "membership"."is_mutation" is 'true: time_us is when the database received the mutation; false: an event provided it';
create index "membership_group" on "membership" ("group_id", "platform_user_id");

create table "link_ticket" ("ticket_hash" text not null, "client_id" uuid not null, "platform_user_id" text not null, "email" text null, "return_to" text null, "expires_at" timestamptz not null, "browser_hash" text null, "state_hash" text null, "code_verifier" text null, "spent_at" timestamptz null, "email_cipher" text null, "attempt" text null, primary key ("ticket_hash"));
comment on column "link_ticket"."email" is 'written by earlier versions only';
comment on column "link_ticket"."browser_hash" is 'hash of the browser that continued first; no other browser may use the ticket';
comment on column "link_ticket"."code_verifier" is 'AES-256-GCM, prefixed with the key id';
comment on column "link_ticket"."email_cipher" is 'AES-256-GCM, prefixed with the key id; null once the ticket is spent';
comment on column "link_ticket"."attempt" is 'the request that spent the ticket; only the same request may repeat it';
alter table "link_ticket" add constraint "link_ticket_state_hash_key" unique ("state_hash");
create index "link_ticket_expiry" on "link_ticket" ("expires_at");

create table "link" ("id" uuid not null, "client_id" uuid not null, "platform_user_id" text not null, "discord_user_id" text not null, "status" text not null, "linked_at" timestamptz not null, "ending_at" timestamptz null, "is_end_asked_for" boolean not null default false, primary key ("id"));
create unique index link_pair on link (client_id, discord_user_id, platform_user_id);
create index "link_platform_user" on "link" ("platform_user_id");
create index "link_page" on "link" ("client_id", "id");
create index "link_ending" on "link" ("client_id", "discord_user_id") where status = 'ENDING';
create unique index "link_one_per_platform_user" on "link" ("client_id", "platform_user_id") include ("discord_user_id") where status = 'ACTIVE';
create unique index "link_one_per_account" on "link" ("client_id", "discord_user_id") where status = 'ACTIVE';
alter table "link" add constraint "link_status_check" check ("status" in ('ACTIVE', 'ENDING'));

create table "reconcile_job" ("client_id" uuid not null, "discord_user_id" text not null, "version" bigint not null default nextval('reconcile_version'), "lane" smallint not null, "due_at" timestamptz not null, "attempts" int not null default 0, "causes" jsonb not null, "claimed_version" bigint null, "claimed_by" text null, "claimed_causes" jsonb not null default '[]', "is_parked" boolean not null default false, "marked_at" timestamptz not null default now(), "claim_number" bigint null, "removals" text[] not null default '{}', primary key ("client_id", "discord_user_id"));
comment on column "reconcile_job"."version" is 'raised by every mark; a run deletes its job only if the version is still the one it read';
comment on column "reconcile_job"."marked_at" is 'time of the oldest unsettled mark; later marks do not change it';
comment on column "reconcile_job"."claim_number" is 'the number of the claim by claimed_by, counted from the start of that process';
comment on column "reconcile_job"."removals" is 'roles that the marks would remove, as judged when the member was marked; they count towards the removal guard until the run begins';
create index "reconcile_job_next" on "reconcile_job" ("client_id", "lane" DESC, "due_at");
create index "reconcile_job_due" on "reconcile_job" ("client_id", "due_at");
create index "reconcile_job_removals" on "reconcile_job" ("client_id") where removals <> '{}';

create table "revocation" ("id" uuid not null, "client_id" uuid not null, "application_id" text not null, "discord_user_id" text null, "access_token" text not null, "refresh_token" text null, "scopes" text[] not null, "expires_at" timestamptz not null, "client_secret" text not null, "api_base" text not null, "authorize_url" text not null, "token_url" text not null, "revoke_url" text not null, "due_at" timestamptz not null, "attempts" int not null default 0, "claimed_by" text null, primary key ("id"));
comment on table "revocation" is 'contains everything needed to revoke, so that it survives the deletion of its client';
comment on column "revocation"."claimed_by" is 'the process that is revoking it, until due_at; null: unclaimed';
create index "revocation_due" on "revocation" ("due_at");
create index "revocation_claim" on "revocation" ("claimed_by") where claimed_by is not null;

create table "role" ("client_id" uuid not null, "id" text not null, "name" text not null, "position" int not null, "color" int not null, "is_managed" boolean not null, "refusal" text null, "rename_refusal" text null, primary key ("client_id", "id"));
comment on column "role"."refusal" is 'why the bot can neither add nor remove the role; null: it can';
comment on column "role"."rename_refusal" is 'why the bot cannot rename the role''s holders (for @everyone: all members); null: it can';
alter table "role" add constraint "role_refusal_check" check ("refusal" in ('EVERYONE', 'MANAGED', 'ABOVE_BOT', 'MISSING_PERMISSION', 'UNKNOWN_ROLE'));
alter table "role" add constraint "role_rename_refusal_check" check ("rename_refusal" in ('ABOVE_BOT', 'MISSING_PERMISSION'));

create table "role_mapping" ("id" uuid not null, "client_id" uuid not null, "group_id" text not null, "role_id" text not null, "authority" text null, "created_at" timestamptz not null, "retired_at" timestamptz null, primary key ("id"));
create unique index role_mapping_once on role_mapping (client_id, group_id, role_id);
create index "role_mapping_group" on "role_mapping" ("group_id");
create index "role_mapping_role" on "role_mapping" ("client_id", "role_id");
alter table "role_mapping" add constraint "role_mapping_authority_check" check ("authority" in ('PLATFORM', 'DISCORD', 'OBSERVE'));

create table "remote_membership" ("link_id" uuid not null, "mapping_id" uuid not null, "has_role" boolean not null, "request" text null, "request_state" text null, "request_id" uuid null, "asked_at" timestamptz null, "asked_order" text null, "removal_asked_at" timestamptz null, primary key ("link_id", "mapping_id"));
comment on table "remote_membership" is 'for mappings under authority DISCORD; without a row, the next reading of the role is the first';
comment on column "remote_membership"."has_role" is 'whether the member held the role at the last reading that could be compared with the platform';
comment on column "remote_membership"."request_id" is 'the id of the published event';
comment on column "remote_membership"."asked_order" is 'the order of the newest fact about the user and the group at the time of the request';
comment on column "remote_membership"."removal_asked_at" is 'when a removal was requested; kept after the request is settled, because the removal guard counts the last hour''s';
create index "remote_membership_mapping" on "remote_membership" ("mapping_id");
create index "remote_membership_removals" on "remote_membership" ("mapping_id", "removal_asked_at") where removal_asked_at is not null;
create index "remote_membership_open" on "remote_membership" ("link_id") where request_state = 'OPEN';
alter table "remote_membership" add constraint "remote_membership_check" check (num_nulls(request, request_state, request_id, asked_at, asked_order) in (0, 5));
alter table "remote_membership" add constraint "remote_membership_request_check" check ("request" in ('ADDED', 'REMOVED'));
alter table "remote_membership" add constraint "remote_membership_request_state_check" check ("request_state" in ('OPEN', 'DISPUTED'));

create table "schedule" ("client_id" uuid not null, "kind" text not null, "cron" text not null, "time_zone" text not null, "is_enabled" boolean not null, "last_run_at" timestamptz null, "next_run_at" timestamptz null, "skipped_reason" text null, primary key ("client_id", "kind"));
comment on column "schedule"."next_run_at" is 'null: the schedule is off';
comment on column "schedule"."skipped_reason" is 'why no sweep started at the last due time; null: one did';
create index "schedule_due" on "schedule" ("next_run_at") where next_run_at is not null;
alter table "schedule" add constraint "schedule_kind_check" check ("kind" in ('VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES'));

create table "sweep" ("id" uuid not null, "client_id" uuid not null, "kind" text not null, "state" text not null, "is_dry_run" boolean not null, "plan" jsonb null, "checked" int not null default 0, "drifted" int not null default 0, "changed" int not null default 0, "failed" int not null default 0, "reason" text null, "cause" jsonb not null, "attempts" int not null default 0, "owner" text null, "leased_until" timestamptz null, "started_at" timestamptz not null default clock_timestamp(), "finished_at" timestamptz null, "decided_by" text null, "decided_at" timestamptz null, "enforce_strategy" text null, "not_before" timestamptz null, "parked" int not null default 0, primary key ("id"));
comment on column "sweep"."plan" is 'the plan of a held sweep until it is approved or rejected; see removal_decision';
comment on column "sweep"."changed" is 'members changed by the sweep itself; changes made by the path are counted from the audit records';
comment on column "sweep"."attempts" is 'how often it was started, because another process takes over from a dead one';
comment on column "sweep"."not_before" is 'the earliest start, if it was postponed';
comment on column "sweep"."parked" is 'drifted members that were already parked, and that the sweep does not retry';
create index "sweep_page" on "sweep" ("client_id", "id");
create index "sweep_open" on "sweep" ("id") where state in ('WAITING', 'RUNNING');
create index "sweep_held" on "sweep" ("client_id") where state = 'HELD';
create index "sweep_over" on "sweep" ("client_id", "finished_at") where finished_at is not null;
create index "sweep_verified" on "sweep" ("client_id", "finished_at") where (kind = 'VERIFY_GROUPS') and (state in ('DONE', 'HELD')) and (not is_dry_run);
create index sweep_people on sweep using gin (jsonb_path_query_array(plan, '$.members[*].platformUserId') jsonb_path_ops) where plan is not null;
create unique index "sweep_one_at_a_time" on "sweep" ("client_id", "kind") where state in ('WAITING', 'RUNNING');
create unique index "sweep_one_held" on "sweep" ("client_id", "kind") where state = 'HELD';
alter table "sweep" add constraint "sweep_kind_check" check ("kind" in ('VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES', 'CHANGES'));
alter table "sweep" add constraint "sweep_state_check" check ("state" in ('WAITING', 'RUNNING', 'HELD', 'APPROVED', 'REJECTED', 'DONE', 'FAILED', 'CANCELLED'));
alter table "sweep" add constraint "sweep_enforce_strategy_check" check ("enforce_strategy" in ('NONE', 'TEMPLATE', 'EVE_ONLINE'));

create table "removal_decision" ("client_id" uuid not null, "discord_user_id" text not null, "role_id" text not null, "verdict" text not null, "ground" text not null, "sweep_id" uuid null, "reason" text not null, "decided_at" timestamptz not null default clock_timestamp(), "held_by" text null, "is_stream" boolean not null default false, primary key ("client_id", "discord_user_id", "role_id"));
comment on table "removal_decision" is 'deleted by a newer fact, mapping or link; a held or approved one also once it is carried out';
comment on column "removal_decision"."held_by" is 'the kind of cause; null: not held because of a limit';
comment on column "removal_decision"."is_stream" is 'true: single removals that exceeded the limit only together; false: one burst';
create index "removal_decision_sweep" on "removal_decision" ("sweep_id", "discord_user_id");
create index "removal_decision_rejected" on "removal_decision" ("client_id", "discord_user_id") where verdict = 'REJECTED';
create index "removal_decision_held" on "removal_decision" ("client_id") where verdict = 'HELD';
create index "removal_decision_role" on "removal_decision" ("client_id", "role_id") where verdict = 'HELD';
alter table "removal_decision" add constraint "removal_decision_verdict_check" check ("verdict" in ('HELD', 'APPROVED', 'REJECTED'));
alter table "removal_decision" add constraint "removal_decision_ground_check" check ("ground" in ('LIMIT', 'NEW_MAPPING'));
alter table "removal_decision" add constraint "removal_decision_held_by_check" check ("held_by" in ('MEMBERSHIP', 'USER_DELETED', 'GROUP_DELETED', 'SWEEP', 'OTHER'));

create table "sweep_mark" ("sweep_id" uuid not null, "discord_user_id" text not null, primary key ("sweep_id", "discord_user_id"));
comment on table "sweep_mark" is 'members that a sweep has marked';

create table "unlinked_holder" ("client_id" uuid not null, "role_id" text not null, "discord_user_id" text not null, "username" text not null, "display_name" text null, "nickname" text null, "is_bot" boolean not null, primary key ("client_id", "role_id", "discord_user_id"));
comment on table "unlinked_holder" is 'written only by member lists, where something changed; linking an account deletes its rows';
create index unlinked_holder_account on unlinked_holder (client_id, (discord_user_id::numeric));

create table "worker" ("owner" text not null, "live_until" timestamptz not null, primary key ("owner"));
comment on table "worker" is 'processes that run the path and share the bots';

create table "write_probe" ("is_only" boolean not null, "written_at" timestamptz not null, primary key ("is_only"));
alter table "write_probe" add constraint "write_probe_is_only_check" check (is_only);

alter table "departed_account" add constraint "departed_account_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "discord_grant" add constraint "discord_grant_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "guild_listing" add constraint "guild_listing_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "member" add constraint "member_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "membership" add constraint "membership_platform_user_id_fkey" foreign key ("platform_user_id") references "platform_user" ("id") on update no action on delete no action;
alter table "membership" add constraint "membership_group_id_fkey" foreign key ("group_id") references "platform_group" ("id") on update no action on delete no action;

alter table "link_ticket" add constraint "link_ticket_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;
alter table "link_ticket" add constraint "link_ticket_platform_user_id_fkey" foreign key ("platform_user_id") references "platform_user" ("id");

alter table "link" add constraint "link_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;
alter table "link" add constraint "link_platform_user_id_fkey" foreign key ("platform_user_id") references "platform_user" ("id");

alter table "reconcile_job" add constraint "reconcile_job_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "role" add constraint "role_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "role_mapping" add constraint "role_mapping_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;
alter table "role_mapping" add constraint "role_mapping_group_id_fkey" foreign key ("group_id") references "platform_group" ("id");
alter table "role_mapping" add constraint "role_mapping_client_id_role_id_fkey" foreign key ("client_id", "role_id") references "role" ("client_id", "id") on update no action on delete no action;

alter table "remote_membership" add constraint "remote_membership_link_id_fkey" foreign key ("link_id") references "link" ("id") on update no action on delete cascade;
alter table "remote_membership" add constraint "remote_membership_mapping_id_fkey" foreign key ("mapping_id") references "role_mapping" ("id") on update no action on delete cascade;

alter table "schedule" add constraint "schedule_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "sweep" add constraint "sweep_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;

alter table "removal_decision" add constraint "removal_decision_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;
alter table "removal_decision" add constraint "removal_decision_sweep_id_fkey" foreign key ("sweep_id") references "sweep" ("id") on delete set null;

alter table "sweep_mark" add constraint "sweep_mark_sweep_id_fkey" foreign key ("sweep_id") references "sweep" ("id") on delete cascade;

alter table "unlinked_holder" add constraint "unlinked_holder_client_id_fkey" foreign key ("client_id") references "client" ("id") on update no action on delete cascade;
`;

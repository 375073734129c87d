import { Migration } from '@mikro-orm/migrations';

/** For how long what is over is kept, and the ways to it, and to the traces of a person in it. */
export class Retention extends Migration {
  override up(): void {
    this.addSql(`
create index sweep_over on sweep (client_id, finished_at) where finished_at is not null;
create index sweep_people on sweep using gin (jsonb_path_query_array(plan, '$.members[*].platformUserId') jsonb_path_ops)
  where plan is not null;
create index removal_decision_rejected on removal_decision (client_id, discord_user_id) where verdict = 'REJECTED';
alter table client add column audit_retention_days integer check (audit_retention_days >= 1);
comment on column client.audit_retention_days is 'null: the default'`);
  }
}

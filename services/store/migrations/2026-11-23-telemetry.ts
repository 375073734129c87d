import { Migration } from '@mikro-orm/migrations';

/** Since when a member is known to be wrong, and quick ways to what is asked every few seconds. */
export class Telemetry extends Migration {
  override up(): void {
    this.addSql(`
alter table reconcile_job add column marked_at timestamptz not null default now();
comment on column reconcile_job.marked_at is 'of the first mark that is not settled; a later one leaves it';
create index sweep_verified on sweep (client_id, finished_at)
  where kind = 'VERIFY_GROUPS' and state in ('DONE', 'HELD') and not is_dry_run;
create index sweep_held on sweep (client_id) where state = 'HELD';
create index removal_decision_held on removal_decision (client_id) where verdict = 'HELD'`);
  }
}

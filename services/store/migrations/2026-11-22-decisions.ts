import { Migration } from '@mikro-orm/migrations';

/**
 * Removals that wait for a person, and what that person said; whose end was asked for; what a
 * client's listing left in doubt.
 */
export class Decisions extends Migration {
  override up(): void {
    this.addSql(decisions);
    this.addSql(sweeps);
    this.addSql(`alter table member drop column held_role_ids`);
    this.addSql(`alter table link add column is_end_asked_for boolean not null default false`);
    this.addSql(`alter table client add column doubt text`);
    this.addSql(
      `comment on column client.doubt is 'why the last listing of its guild could not be believed; null: it could'`,
    );
    this.addSql(
      `create index audit_record_given on audit_record (client_id, opened_at) where added <> '{}'`,
    );
  }
}

const decisions = `
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
`;

const sweeps = `
alter table sweep drop constraint sweep_state_check;
alter table sweep add constraint sweep_state_check check (state in
  ('WAITING', 'RUNNING', 'HELD', 'APPROVED', 'REJECTED', 'DONE', 'FAILED', 'CANCELLED'));
alter table sweep add column decided_by text;
alter table sweep add column decided_at timestamptz;
comment on column sweep.plan is 'of a held sweep, until it is decided: see removal_decision';
create unique index sweep_one_held on sweep (client_id, kind) where state = 'HELD';
`;

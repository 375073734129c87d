/**
 * What an entity cannot say: a sequence, functions, and triggers on single columns, with transition
 * tables or several to a function.
 */
export const SEQUENCE = `create sequence reconcile_version`;

export const FUNCTIONS = `
create function newest_causes(causes jsonb) returns jsonb language sql immutable as $$
  select case when jsonb_array_length(causes) <= 100 then causes
    else (select jsonb_agg(c.cause order by c.place)
          from jsonb_array_elements(causes) with ordinality as c (cause, place)
          where c.place > jsonb_array_length(causes) - 100) end
$$;
comment on function newest_causes is 'bounds the causes of a job that waits for a long time';
`;

export const TRIGGERS = `
create function reconcile_job_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('reconcile_job', '');
  return null;
end $$;
create trigger reconcile_job_notify after insert or update of version on reconcile_job
  for each statement execute function reconcile_job_notify();

create function outbox_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('outbox', '');
  return null;
end $$;
create trigger outbox_notify after insert on outbox for each statement execute function outbox_notify();

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

create function remote_membership_forget() returns trigger language plpgsql as $$
begin
  delete from remote_membership r using link l
  where l.id = r.link_id and l.client_id = new.client_id and l.discord_user_id = new.discord_user_id;
  return null;
end $$;
comment on function remote_membership_forget is 'a member who leaves loses all roles on Discord, which is no reason to send requests to the platform';
create trigger remote_membership_forget after update of is_present, joined_at on member for each row
  when (not new.is_present or abs(extract(epoch from new.joined_at - old.joined_at)) > 1)
  execute function remote_membership_forget();

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

create function revocation_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('revocation', '');
  return null;
end $$;
create trigger revocation_notify after insert on revocation
  for each statement execute function revocation_notify();
create trigger revocation_sooner_notify after update of due_at on revocation
  for each row when (new.due_at < old.due_at) execute function revocation_notify();
comment on trigger revocation_sooner_notify on revocation is 'a claim only postpones, so that a process never wakes itself';

create function revoke_deleted_grant() returns trigger language plpgsql as $$
begin
  insert into revocation (id, client_id, application_id, discord_user_id, access_token, refresh_token, scopes, expires_at,
    client_secret, api_base, authorize_url, token_url, revoke_url, due_at)
  select old.id, c.id, c.application_id, old.discord_user_id, old.access_token, old.refresh_token, old.scopes, old.expires_at,
    c.client_secret, c.api_base, c.authorize_url, c.token_url, c.revoke_url, clock_timestamp()
  from client c where c.id = old.client_id;
  return null;
end $$;
comment on function revoke_deleted_grant is 'revokes every deleted grant, whatever deleted it';
create trigger revoke_deleted_grant after delete on discord_grant
  for each row execute function revoke_deleted_grant();

create function give_up_grants() returns trigger language plpgsql as $$
begin
  delete from discord_grant where client_id = old.id;
  return old;
end $$;
comment on function give_up_grants is 'runs before the client is deleted, while the secret that revoking needs still exists';
create trigger give_up_grants before delete on client for each row execute function give_up_grants();

create function schedule_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('schedule', '');
  return null;
end $$;
create trigger schedule_notify after insert or update of cron, time_zone, is_enabled on schedule
  for each statement execute function schedule_notify();

create function sweep_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('sweep', '');
  return null;
end $$;
create trigger sweep_notify after insert or update of state on sweep for each row
  when (new.state = 'WAITING') execute function sweep_notify();
comment on trigger sweep_notify on sweep is 'a claim only takes sweeps, so that a process never wakes itself';

-- PostgreSQL sends equal notices of one transaction once, however many records it closes.
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
`;

import { Migration } from '@mikro-orm/migrations';

/**
 * Tells who watches, in any process, that there is something new to read; what it is they read
 * themselves.
 */
export class Notices extends Migration {
  override up(): void {
    this.addSql(records);
    this.addSql(sweeps);
  }
}

// PostgreSQL tells equal notices of one transaction once: however many records it closes, it is one
// notice a client.
const records = `
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
`;

const sweeps = `
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
`;

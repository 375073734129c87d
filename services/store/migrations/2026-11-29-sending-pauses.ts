import { Migration } from '@mikro-orm/migrations';

/** Pauses of sending are shown with their client, and a sweep that meets one waits for its end. */
export class SendingPauses extends Migration {
  override up(): void {
    this.addSql(`
alter table client
  add column sending_cause text,
  add column sending_since timestamptz,
  add column sending_until timestamptz;
comment on column client.sending_cause is 'why the process that works this client sends nothing to Discord now; it is kept there, here it is only shown';
comment on column client.sending_until is 'when the next call is tried; in the past: the pause is over, or its process is';
alter table sweep add column not_before timestamptz;
comment on column sweep.not_before is 'postponed: no process begins it earlier'`);
  }
}

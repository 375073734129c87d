import { Migration } from '@mikro-orm/migrations';

/**
 * A process recognises revocations and checks that it claimed although the answer to the claim was
 * lost.
 */
export class ClaimOwners extends Migration {
  override up(): void {
    this.addSql(`
alter table revocation add column claimed_by text;
comment on column revocation.claimed_by is 'the process that revokes it, until due_at; null: no process does';
create index revocation_claim on revocation (claimed_by) where claimed_by is not null;
alter table client add column check_claimed_by text, add column check_claimed_until timestamptz;
comment on column client.check_claimed_by is 'the process that makes the daily check, until check_claimed_until'`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** What mutations with an `Idempotency-Key` were answered. */
export class Idempotency extends Migration {
  override up(): void {
    this.addSql(`
create table idempotent_request (
  caller text not null,
  key_hash text not null,
  fingerprint text not null,
  claim uuid not null,
  leased_until timestamptz not null,
  answer text,
  kept_until timestamptz not null,
  primary key (caller, key_hash)
);
comment on table idempotent_request is 'under way while there is no answer; free again when the lease of a process that died runs out';
comment on column idempotent_request.key_hash is 'SHA-256: a caller may put anything into a key';
comment on column idempotent_request.fingerprint is 'of the operation, its variables and the rights it was asked with';
comment on column idempotent_request.answer is 'AES-256-GCM, key id in front; packed by gzip before';
create index idempotent_request_expiry on idempotent_request (kept_until);
`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** Which nicknames the connector set itself, so that it can reset them when a link ends. */
export class NicknameResets extends Migration {
  override up(): void {
    this.addSql(`
alter table client add column nickname_on_unlink text not null default 'RESET'
  check (nickname_on_unlink in ('RESET', 'KEEP'));
alter table member add column nickname_set_hash text;
comment on column member.nickname_set_hash is 'SHA-256 of what Discord showed after the connector last set a nickname; null: never set, or reset';

update member m set nickname_set_hash = encode(sha256(convert_to(r.nickname, 'UTF8')), 'hex')
from (
  select distinct on (client_id, discord_user_id) client_id, discord_user_id, nickname
  from audit_record where nickname is not null and closed_at is not null
  order by client_id, discord_user_id, closed_at desc) r
where r.client_id = m.client_id and r.discord_user_id = m.discord_user_id and m.nickname is not null`);
  }
}

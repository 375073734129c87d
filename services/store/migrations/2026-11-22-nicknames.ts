import { Migration } from '@mikro-orm/migrations';

/**
 * Whom the bot may rename, which nicknames Discord has not taken, and by which strategy a sweep
 * names people.
 */
export class Nicknames extends Migration {
  override up(): void {
    this.addSql(`
alter table client add column guild_owner_id text;
comment on column client.guild_owner_id is 'Discord lets nobody rename the owner; null: the guild was not read yet';

alter table role add column rename_refusal text check (rename_refusal in ('ABOVE_BOT', 'MISSING_PERMISSION'));
comment on column role.rename_refusal is 'why the bot cannot rename who holds it; of @everyone, everybody; null when it can';

alter table member add column nickname_refused text, add column nickname_refused_at timestamptz;
comment on column member.nickname_refused is 'asked for, and refused by Discord or kept as another text: not tried again for a day';

alter table audit_record add column planned_nickname text;
alter table sweep add column enforce_strategy text check (enforce_strategy in ('NONE', 'TEMPLATE', 'EVE_ONLINE'));

update schedule s set is_enabled = true, next_run_at = null
from client c where c.id = s.client_id and s.kind = 'ENFORCE_NICKNAMES' and c.nickname_strategy <> 'NONE' and not s.is_enabled`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** Accounts that Discord has answered to be bots', which are never linked and never written to. */
export class BotAccounts extends Migration {
  override up(): void {
    this.addSql(`
alter table member add column is_bot boolean not null default false;
create index member_bot on member (discord_user_id) where is_bot`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * Accounts that hold a mapped role and have no link, as the last complete member list showed them.
 */
export class UnlinkedHolders extends Migration {
  override up(): void {
    this.addSql(`
create table unlinked_holder (
  client_id uuid not null references client on delete cascade,
  role_id text not null,
  discord_user_id text not null,
  username text not null,
  display_name text,
  nickname text,
  is_bot boolean not null,
  primary key (client_id, role_id, discord_user_id)
);
comment on table unlinked_holder is 'written by listings alone, and only where something differs; linking an account deletes its rows';
create index unlinked_holder_account on unlinked_holder (client_id, (discord_user_id::numeric));
alter table guild_listing add column listed_at timestamptz;
comment on column guild_listing.listed_at is 'when the last complete member list was requested; null: none was since this column exists, or the bot may not list'`);
  }
}

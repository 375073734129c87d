import { Migration } from '@mikro-orm/migrations';

export class ListedCount extends Migration {
  override up(): void {
    this.addSql(`
      alter table "guild_listing" add column "listed_count" int null;
      comment on column "guild_listing"."listed_count" is 'members of the guild in the last complete member list, linked or not';`);
  }
}

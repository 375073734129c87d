import { Migration } from '@mikro-orm/migrations';

/**
 * Whoever looks at all links of a client finds them in the order of the people with their accounts,
 * and those that end, without reading the links.
 */
export class LinksInOrder extends Migration {
  override up(): void {
    this.addSql(`
drop index link_one_per_platform_user;
create unique index link_one_per_platform_user on link (client_id, platform_user_id) include (discord_user_id) where status = 'ACTIVE';
create index link_ending on link (client_id, discord_user_id) where status = 'ENDING'`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * The address that the platform names for a person is kept encrypted, and no longer than their
 * ticket is open.
 */
export class TicketEmails extends Migration {
  override up(): void {
    this.addSql(`
alter table link_ticket add column email_cipher text;
comment on column link_ticket.email_cipher is 'AES-256-GCM, key id in front; null once the ticket is spent';
comment on column link_ticket.email is 'written by earlier versions only';
update link_ticket set email = null where email is not null`);
  }
}

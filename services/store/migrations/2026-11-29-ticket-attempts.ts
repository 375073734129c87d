import { Migration } from '@mikro-orm/migrations';

/** A request whose statement was committed, but not answered, may repeat it. */
export class TicketAttempts extends Migration {
  override up(): void {
    this.addSql(`
alter table link_ticket add column attempt text;
comment on column link_ticket.attempt is 'the request that took the state, and spent the ticket; only that request may do so again'`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** Quick ways to the few members and requests of a state, among hundreds of thousands. */
export class MemberStates extends Migration {
  override up(): void {
    this.addSql(`
create index member_state on member (client_id, state);
create index remote_membership_open on remote_membership (link_id) where request_state = 'OPEN'`);
  }
}

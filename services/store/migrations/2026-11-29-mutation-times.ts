import { Migration } from '@mikro-orm/migrations';

/**
 * A fact from a mutation has the database's time: the next mutation about the same thing comes
 * after it, whatever the clock says.
 */
export class MutationTimes extends Migration {
  override up(): void {
    this.addSql(origins);
    this.addSql(fromTheFuture);
  }
}

const origins = `
alter table membership add is_mutation boolean not null default false;
alter table platform_user add snapshot_is_mutation boolean not null default false;
comment on column membership.is_mutation is 'time_us is the receipt of a mutation, by the database''s clock; false: an event gave it';
comment on column platform_user.snapshot_is_mutation is 'as membership.is_mutation, of the last whole set';
comment on column platform_user.fences is 'the place in the order of facts that the username and each attribute have: sequence, time_us, and true of a mutation';
`;

/**
 * Events from the future were never taken: these times come from mutations that a process with a
 * fast clock received.
 */
const fromTheFuture = `
update membership set is_mutation = true
  where sequence is null and time_us > extract(epoch from now() + interval '5 minutes') * 1000000;
update platform_user set snapshot_is_mutation = true
  where snapshot_sequence is null and snapshot_time_us > extract(epoch from now() + interval '5 minutes') * 1000000;
`;

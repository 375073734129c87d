import { Migration } from '@mikro-orm/migrations';

/** Why members are parked and what ends that; how many a sweep found so. */
export class ParkedCauses extends Migration {
  override up(): void {
    this.addSql(`
alter table member add column parking jsonb;
comment on column member.parking is 'of a parked member, [{cause, endedBy}] in words that fit every member with that cause; null: parked before this column existed, or not parked';
alter table sweep add column parked integer not null default 0;
comment on column sweep.parked is 'of the drifted, members that were parked before it and that it does not try again'`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * Deletions are fences: what is not newer than the deletion of a group, or of a restored user,
 * loses for good.
 */
export class DeletionFences extends Migration {
  override up(): void {
    this.addSql(fences);
    this.addSql(knownDeletions);
  }
}

const fences = `
alter table platform_group add deletion_fence jsonb;
alter table platform_user add deletion_fence jsonb;
alter table platform_user add deleted_by text;
alter table platform_user add restored_fence jsonb;
comment on column platform_group.deletion_fence is 'of all its deletions [highest sequence, latest time_us of those without one, latest time_us of all]: memberships that are not newer have ended';
comment on column platform_user.deletion_fence is 'as of a group, of the deletions since the user was last restored; null: not deleted';
comment on column platform_user.deleted_by is 'the caller or the event source that deleted the user';
comment on column platform_user.restored_fence is 'the fences of lifted deletions: facts and deletions that are not newer lose';
`;

/**
 * A deletion of before is taken for one at the moment it was recorded; of a group, at the time that
 * its life has.
 */
const knownDeletions = `
update platform_user set deletion_fence = jsonb_build_array(null, f.us, f.us)
  from (select id, (extract(epoch from deleted_at) * 1000000)::bigint as us from platform_user where deleted_at is not null) f
  where f.id = platform_user.id;
update platform_group set deletion_fence = case when fences #> '{life,0}' = 'null'
    then jsonb_build_array(null, fences #> '{life,1}', fences #> '{life,1}')
    else jsonb_build_array(fences #> '{life,0}', null, fences #> '{life,1}') end
  where deleted_at is not null and fences ? 'life';
update membership m set is_held = false from platform_group g
  where g.id = m.group_id and g.deletion_fence is not null and m.is_held
    and case when m.sequence is not null
      then m.sequence <= (g.deletion_fence ->> 0)::bigint or m.time_us <= (g.deletion_fence ->> 1)::bigint
      else m.time_us <= (g.deletion_fence ->> 2)::bigint end;
`;

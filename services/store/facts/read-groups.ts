import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { GroupId } from '../../model.js';
import { readFence, type StoredFence } from './deletion-fence.js';
import type { GroupLife, KnownGroup } from './known.js';
import type { Fence } from '../entities/platform.entity.js';
import { registersOf } from './stored-registers.js';

/** Another transaction may have created and deleted one of them meanwhile: then it has a fence. */
export async function makeGroups(
  db: Db,
  ids: readonly GroupId[],
): Promise<ReadonlyMap<GroupId, GroupLife>> {
  const lives = new Map<GroupId, GroupLife>();
  if (ids.length === 0) return lives;
  const made = await sql<{ id: GroupId }>`
    insert into platform_group (id) select unnest(${ids}::text[])
    on conflict do nothing returning id`.execute(db);
  for (const { id } of made.rows) lives.set(id, { isDeleted: false, fence: null });
  const madeByOthers = ids.filter((id) => !lives.has(id));
  if (madeByOthers.length === 0) return lives;
  const { rows } = await sql<LifeRow>`
    select id, deleted_at is not null as is_deleted, deletion_fence
    from platform_group where id = any(${madeByOthers}::text[]) order by id for no key update`.execute(
    db,
  );
  for (const row of rows)
    lives.set(row.id, {
      isDeleted: row.is_deleted,
      fence: readFence(row.deletion_fence),
    });
  return lives;
}

interface LifeRow {
  readonly id: GroupId;
  readonly is_deleted: boolean;
  readonly deletion_fence: StoredFence | null;
}

/** Groups that facts change; already locked, except those created just now. */
export async function readGroups(
  db: Db,
  changedIds: readonly GroupId[],
): Promise<Map<GroupId, KnownGroup>> {
  const groups = new Map<GroupId, KnownGroup>();
  if (changedIds.length === 0) return groups;
  const { rows } = await sql<GroupRow>`
    select id, name, fences, deleted_at is not null as is_deleted
    from platform_group where id = any(${changedIds}::text[]) order by id for no key update`.execute(
    db,
  );
  for (const row of rows) {
    const values = {
      name: row.name,
      life: row.is_deleted ? 'deleted' : 'alive',
    };
    groups.set(row.id, {
      isDeleted: row.is_deleted,
      registers: registersOf(['name', 'life'], row.fences, values),
    });
  }
  return groups;
}

interface GroupRow {
  readonly id: GroupId;
  readonly name: string | null;
  readonly fences: Readonly<Partial<Record<'name' | 'life', Fence>>>;
  readonly is_deleted: boolean;
}

import { type RawBuilder, sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import type { RoleMapping } from '../../api/mappings/role-mapping.types.js';
import { InputError } from '../../lib/errors.js';
import {
  type Cause,
  type ClientId,
  type DiscordUserId,
  type Holders,
  LANES,
  type MappingId,
  type RoleId,
} from '../../model.js';
import type { Database } from '../connection/database.js';
import { forgetDecisionsOfRole } from '../decisions/forget.js';
import { type Guard, holdOfRole } from '../decisions/hold-burst.js';
import { nameMapping } from '../decisions/hold-new-mapping.js';
import { holdChanges } from '../decisions/hold.js';
import type { ClientRow } from '../entities/client.entity.js';
import type { Db } from '../entities/entities.js';
import type { RoleMappingRow } from '../entities/mapping.entity.js';
import { markMembers, markRole } from '../jobs/mark.js';
import { type ChangePreview, previewMapping, previewOf } from './effect.js';
import { lockMapping, viewOf } from './mapping-rows.js';
import { endDrained } from '../path/end-drained.js';

interface Deps {
  readonly database: Database;
  readonly guard: Guard;
  readonly clock: () => number;
}

interface Retirement {
  readonly id: MappingId;
  readonly holders: Holders;
  readonly dryRun: boolean;
  readonly cause: Cause;
}

interface Retired {
  readonly mapping: RoleMapping;
  readonly effect: ChangePreview;
  /**
   * With LEAVE, the removals that other mappings of the role would cause. They wait for approval.
   * `sweepId` is null in a dry run.
   */
  readonly held: {
    readonly sweepId: string | null;
    readonly removals: number;
  } | null;
}

/**
 * Retires a mapping. LEAVE deletes it at once. TAKE_BACK keeps it, retired, until the last linked
 * holder has lost the role.
 */
export function createRetireMapping(deps: Deps) {
  return async (request: Retirement): Promise<Retired> => retireMapping(deps, request);
}

async function retireMapping(deps: Deps, request: Retirement): Promise<Retired> {
  const { enqueueEvent } = deps.guard;
  return deps.database.transaction(async (tx) => {
    const { row, client } = await lockMapping(tx, request.id);
    const takesBack = request.holders === 'TAKE_BACK';
    if (takesBack) await refuseForeignAuthority(tx.sql, row, client);
    const effect = takesBack
      ? await previewMapping(tx.sql, {
          ...row,
          mappedGroupId: null,
          retiredId: row.id,
          takesNothing: false,
        })
      : await previewLeaving(tx.sql, row);
    const view = viewOf(row, client);
    const { removals } = effect;
    const isHeld = !takesBack && removals > 0;
    if (request.dryRun) {
      const held = isHeld ? { sweepId: null, removals } : null;
      return { mapping: view, effect, held };
    }
    const sweepId = takesBack
      ? null
      : await holdForLeaving(tx.sql, { ...row, ...request }, enqueueEvent);
    const retiredAt = row.retiredAt ?? new Date(deps.clock());
    if (takesBack) tx.em.assign(row, { retiredAt });
    else tx.em.remove(row);
    await tx.em.flush();
    if (takesBack) await markRole(tx.sql, { ...row, cause: request.cause });
    await forgetDecisionsOfRole(tx.sql, row);
    if (takesBack) await holdOfRole(tx.sql, deps.guard, row);
    await endDrained(tx.sql, client.id, [], enqueueEvent);
    const held = isHeld ? { sweepId, removals } : null;
    return { mapping: { ...view, retiredAt }, effect, held };
  });
}

async function refuseForeignAuthority(
  db: Db,
  row: RoleMappingRow,
  client: ClientRow,
): Promise<void> {
  const authority = row.authority ?? client.authority;
  if (authority === 'PLATFORM') return;
  throw new InputError(
    'FAILED_PRECONDITION',
    `cannot take the role back, because the ${await nameMapping(db, row)} has authority ${authority}: choose LEAVE, or set the mapping's authority to PLATFORM first`,
    'input.holders',
  );
}

/** A mapping to be deleted while its holders keep the role. */
export interface Leaving {
  readonly id: MappingId;
  readonly clientId: ClientId;
  readonly roleId: RoleId;
}

/**
 * Previews the removals that other mappings of the role would cause if this mapping were deleted
 * and nothing were held.
 */
async function previewLeaving(db: Db, mapping: Leaving): Promise<ChangePreview> {
  return previewOf(
    db,
    mapping.clientId,
    sql`
    select k.discord_user_id, k.platform_user_id, '{}'::text[] as add,
      case when k.holds then array[${mapping.roleId}::text] else '{}' end as remove,
      ${WHY}::text as reason, 0 as writes, false as is_renamed, 0 as proofs
    from (${keepers(mapping)}) k`,
  );
}

/**
 * Holds the removals that deleting the mapping would cause: if other mappings name the role, the
 * next run would remove it from holders to whom only this mapping granted it. Call it before
 * deleting the mapping. Returns the id of the sweep that holds the removals; null if no member
 * would lose the role.
 */
async function holdForLeaving(
  db: Db,
  mapping: Leaving & { readonly cause: Cause },
  enqueueEvent: EnqueueEvent,
): Promise<string | null> {
  const { clientId, roleId, cause } = mapping;
  const { rows } = await sql<{ discord_user_id: DiscordUserId }>`
    ${keepers(mapping)} order by l.discord_user_id`.execute(db);
  if (rows.length === 0) return null;
  const hold = {
    clientId,
    ground: 'NEW_MAPPING' as const,
    reason: 'a mapping was retired and the holders of its role kept it',
    removals: rows.map((row) => ({
      discordUserId: row.discord_user_id,
      roleId,
      why: WHY,
      cause: null,
      isStream: false,
    })),
  };
  const sweepId = await holdChanges(db, hold, enqueueEvent);
  const members = rows.map((row) => row.discord_user_id);
  await markMembers(db, { clientId, members, cause }, LANES.bulk);
  return sweepId;
}

const WHY = 'kept the role when its mapping was retired, and is in no other group that grants it';

/**
 * Query of members with an active link who hold the role, or were never read, and for whom no other
 * mapping grants or keeps the role. Leaves out members who were already due to lose the role under
 * this mapping: their removal stays due.
 */
function keepers({ id, clientId, roleId }: Leaving): RawBuilder<unknown> {
  const authority = sql`coalesce(p.authority, c.authority)`;
  return sql`
    select l.discord_user_id, min(l.platform_user_id) as platform_user_id,
      coalesce(bool_or(a.is_present and ${roleId} = any(a.role_ids)), false) as holds
    from link l
    join client c on c.id = l.client_id
    join platform_user u on u.id = l.platform_user_id
    join role_mapping p on p.client_id = l.client_id and p.role_id = ${roleId}
    join platform_group g on g.id = p.group_id
    left join membership s on s.platform_user_id = l.platform_user_id and s.group_id = p.group_id
    left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
    cross join lateral (select case
      when ${authority} <> 'PLATFORM' then 'unknown'
      when p.retired_at is not null or g.deleted_at is not null then 'no'
      when s.is_held then 'yes'
      when s.is_held = false or u.snapshot_time_us is not null or c.unknown_membership = 'REMOVE' then 'no'
      else 'unknown' end as verdict) v
    where l.client_id = ${clientId} and l.status = 'ACTIVE'
      and (a.read_at is null or (a.is_present and ${roleId} = any(a.role_ids)))
      and exists (select from role_mapping o where o.client_id = ${clientId} and o.role_id = ${roleId} and o.id <> ${id})
    group by l.discord_user_id
    having bool_and(v.verdict = 'no') filter (where p.id <> ${id})
      and bool_or(v.verdict <> 'no' or p.retired_at is not null) filter (where p.id = ${id})`;
}

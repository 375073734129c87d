import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import type { Cause, Holders, MappingId } from '../../model.js';
import { forgetDecisionsOfRole } from '../decisions/forget.js';
import type { Guard } from '../decisions/hold-burst.js';
import { nameMapping } from '../decisions/hold-new-mapping.js';
import { holdOfRole } from '../decisions/role-burst.js';
import type { Database } from '../connection/database.js';
import type { ClientRow } from '../entities/client.entity.js';
import type { RoleMappingRow } from '../entities/mapping.entity.js';
import { markRole } from '../jobs/mark.js';
import { endDrained } from '../path/end-drained.js';
import { previewMapping } from './effect.js';
import { holdForLeaving, previewLeaving } from './leave.js';
import { lockMapping, viewOf } from './mapping-rows.js';
import type { ChangePreview } from './preview.js';
import type { RoleMapping } from '../../api/mappings/role-mapping.types.js';

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
   * LEAVE: holders who would lose the role under another mapping; they wait for approval. `sweepId`
   * null: a dry run.
   */
  readonly held: {
    readonly sweepId: string | null;
    readonly removals: number;
  } | null;
}

/**
 * LEAVE forgets the mapping at once. TAKE_BACK keeps it, retired, until the last linked holder has
 * lost the role.
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
    `the ${await nameMapping(db, row)} has authority ${authority}, so the connector does not write to Discord: choose LEAVE, or set its authority to PLATFORM first`,
    'input.holders',
  );
}

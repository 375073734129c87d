import { v7 as uuidv7 } from 'uuid';

import { InputError } from '../../lib/errors.js';
import type {
  Authority,
  Cause,
  ClientId,
  GroupId,
  Holders,
  MappingId,
  RoleId,
} from '../../model.js';
import { lockClient } from '../clients/client-rows.js';
import type { Database, Transaction } from '../database.js';
import type { ClientRow } from '../entities/client.entity.js';
import {
  RoleMappingEntity,
  type RoleMappingRow,
} from '../entities/role-mapping.entity.js';
import { forgetDecisionsOfRole } from '../decisions/forget.js';
import type { Guard } from '../decisions/hold-burst.js';
import {
  holdForNewMapping,
  holdForSwitch,
} from '../decisions/hold-new-mapping.js';
import { holdOfRole } from '../decisions/role-burst.js';
import { markRole } from '../jobs/mark.js';
import { endDrained } from '../path/end-drained.js';
import { forgetReadingsOfMapping } from '../remote/forget-readings.js';
import { refuseConflict } from './conflicts.js';
import { previewMapping } from './effect.js';
import { lockMappingsToAdd } from './mapping-lock.js';
import { NOTHING_CHANGES, type ChangePreview } from './preview.js';
import { refuseImpossibleRole, refuseUnknownGroup } from './refusals.js';

export interface MappingView {
  readonly id: MappingId;
  readonly clientId: ClientId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly authority: Authority;
  readonly createdAt: Date;
  readonly retiredAt: Date | null;
}

interface Deps {
  readonly database: Database;
  readonly guard: Guard;
  readonly clock: () => number;
}

export function createMappings(deps: Deps) {
  return {
    createMapping: async (request: NewMapping) => createMapping(deps, request),
    updateMapping: async (request: {
      id: MappingId;
      authority: Authority;
      cause: Cause;
    }) => updateMapping(deps, request),
    retireMapping: async (request: Retirement) => retireMapping(deps, request),
  };
}

interface NewMapping {
  readonly clientId: ClientId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly authority: Authority | null;
  readonly dryRun: boolean;
  readonly cause: Cause;
}

interface MappingChange<View> {
  readonly mapping: View;
  readonly effect: ChangePreview;
}

interface NewlyMapped extends MappingChange<MappingView | null> {
  /** Holders whom a first run does not touch; null: there are none. */
  readonly held: { readonly sweepId: string; readonly removals: number } | null;
}

async function createMapping(
  deps: Deps,
  request: NewMapping,
): Promise<NewlyMapped> {
  const { clientId, groupId, roleId, authority } = request;
  return deps.database.transaction(async (tx) => {
    const client = await lockClient(tx, clientId);
    refuseEnding(client);
    await refuseUnknownGroup(tx.sql, groupId);
    await refuseImpossibleRole(tx.sql, clientId, roleId);
    const retired = await tx.em.findOne(RoleMappingEntity, {
      clientId,
      groupId,
      roleId,
    });
    if (retired !== null && retired.retiredAt === null)
      throw alreadyMapped(retired);
    const candidate = {
      clientId,
      groupId,
      roleId,
      id: retired?.id ?? null,
      authority: authority ?? client.authority,
    };
    await refuseConflict(tx.sql, candidate);
    const effect = await previewMapping(tx.sql, {
      clientId,
      roleId,
      mappedGroupId: groupId,
      retiredId: null,
      takesNothing: candidate.authority === 'DISCORD',
    });
    if (request.dryRun) return { mapping: null, effect, held: null };
    const columns = { clientId, groupId, roleId, authority, retiredAt: null };
    const row =
      retired === null
        ? tx.em.create(RoleMappingEntity, {
            ...columns,
            id: uuidv7(),
            createdAt: new Date(deps.clock()),
          })
        : tx.em.assign(retired, columns);
    await tx.em.flush();
    await lockMappingsToAdd(tx.sql);
    await markRole(tx.sql, request);
    await forgetReadingsOfMapping(tx.sql, row.id);
    await forgetDecisionsOfRole(tx.sql, request);
    const held =
      (row.authority ?? client.authority) === 'PLATFORM'
        ? await holdForNewMapping(tx.sql, row, deps.guard.enqueueEvent)
        : null;
    await holdOfRole(tx.sql, deps.guard, row);
    return { mapping: viewOf(row, client), effect, held };
  });
}

async function updateMapping(
  deps: Deps,
  request: { id: MappingId; authority: Authority; cause: Cause },
): Promise<MappingView> {
  return deps.database.transaction(async (tx) => {
    const { row, client } = await lockMapping(tx, request.id);
    const { authority } = request;
    const isSwitch = authority !== (row.authority ?? client.authority);
    if (isSwitch) await refuseConflict(tx.sql, { ...row, authority });
    tx.em.assign(row, { authority });
    await tx.em.flush();
    await markRole(tx.sql, { ...row, cause: request.cause });
    if (isSwitch) await forgetReadingsOfMapping(tx.sql, row.id);
    await forgetDecisionsOfRole(tx.sql, row);
    if (isSwitch && authority === 'PLATFORM')
      await holdForSwitch(tx.sql, row, deps.guard.enqueueEvent);
    await holdOfRole(tx.sql, deps.guard, row);
    return viewOf(row, client);
  });
}

interface Retirement {
  readonly id: MappingId;
  readonly holders: Holders;
  readonly dryRun: boolean;
  readonly cause: Cause;
}

/** LEAVE forgets the mapping at once. TAKE_BACK keeps it, retired, until the last linked holder has lost the role. */
async function retireMapping(
  deps: Deps,
  request: Retirement,
): Promise<MappingChange<MappingView>> {
  return deps.database.transaction(async (tx) => {
    const { row, client } = await lockMapping(tx, request.id);
    const takesBack = request.holders === 'TAKE_BACK';
    if (takesBack) refuseForeignAuthority(row, client);
    const effect = takesBack
      ? await previewMapping(tx.sql, {
          ...row,
          mappedGroupId: null,
          retiredId: row.id,
          takesNothing: false,
        })
      : NOTHING_CHANGES;
    const view = viewOf(row, client);
    if (request.dryRun) return { mapping: view, effect };
    const retiredAt = row.retiredAt ?? new Date(deps.clock());
    if (takesBack) tx.em.assign(row, { retiredAt });
    else tx.em.remove(row);
    await tx.em.flush();
    if (takesBack) await markRole(tx.sql, { ...row, cause: request.cause });
    await forgetDecisionsOfRole(tx.sql, row);
    if (takesBack) await holdOfRole(tx.sql, deps.guard, row);
    await endDrained(tx.sql, client.id, [], deps.guard.enqueueEvent);
    return { mapping: { ...view, retiredAt }, effect };
  });
}

async function lockMapping(
  tx: Transaction,
  id: MappingId,
): Promise<{ row: RoleMappingRow; client: ClientRow }> {
  const found = await tx.em.findOne(RoleMappingEntity, { id });
  if (found === null)
    throw new InputError(
      'NOT_FOUND',
      `mapping ${id} does not exist`,
      'input.id',
    );
  const client = await lockClient(tx, found.clientId);
  refuseEnding(client);
  await tx.em.refresh(found);
  return { row: found, client };
}

function viewOf(row: RoleMappingRow, client: ClientRow): MappingView {
  const { id, clientId, groupId, roleId, createdAt } = row;
  const ids = { id, clientId, groupId, roleId };
  return {
    ...ids,
    createdAt,
    authority: row.authority ?? client.authority,
    retiredAt: row.retiredAt ?? null,
  };
}

function refuseEnding(client: ClientRow): void {
  if (client.endingAt === null || client.endingAt === undefined) return;
  throw new InputError(
    'FAILED_PRECONDITION',
    `client ${client.id} is being deleted`,
  );
}

function refuseForeignAuthority(row: RoleMappingRow, client: ClientRow): void {
  const authority = row.authority ?? client.authority;
  if (authority === 'PLATFORM') return;
  throw new InputError(
    'FAILED_PRECONDITION',
    `mapping ${row.id} has authority ${authority}, so nothing is written to Discord: choose LEAVE, or set its authority to PLATFORM first`,
    'input.holders',
  );
}

function alreadyMapped({ id, groupId, roleId }: RoleMappingRow): InputError {
  return new InputError(
    'CONFLICT',
    `group ${groupId} is already mapped to role ${roleId} by mapping ${id}`,
  );
}

import { v7 as uuidv7 } from 'uuid';

import { type ChangePreview, previewMapping } from './effect.js';
import {
  lockMapping,
  lockMappingsToAdd,
  refuseEnding,
  refuseImpossibleRole,
  refuseUnknownGroup,
  viewOf,
} from './mapping-rows.js';
import { forgetReadingsOfMapping } from '../remote/save-readings.js';
import { type Guard, holdOfRole } from '../decisions/hold-burst.js';
import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import type { Authority, Cause, ClientId, GroupId, MappingId, RoleId } from '../../model.js';
import { lockClient } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';
import { RoleMappingEntity, type RoleMappingRow } from '../entities/mapping.entity.js';
import { forgetDecisionsOfRole } from '../decisions/forget.js';
import { holdForNewMapping, holdForSwitch } from '../decisions/hold-new-mapping.js';
import { markRole } from '../jobs/mark.js';
import { nameGroups, nameRoles } from '../names.js';
import { refuseConflict } from './conflicts.js';
import { createRetireMapping } from './retire.js';
import type { RoleMapping } from '../../api/mappings/role-mapping.types.js';

interface Deps {
  readonly database: Database;
  readonly guard: Guard;
  readonly clock: () => number;
}

export function createMappings(deps: Deps) {
  return {
    createMapping: async (request: NewMapping) => createMapping(deps, request),
    updateMapping: async (request: { id: MappingId; authority: Authority; cause: Cause }) =>
      updateMapping(deps, request),
    retireMapping: createRetireMapping(deps),
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

interface NewlyMapped extends MappingChange<RoleMapping | null> {
  /** Removals from existing holders, which wait for approval; null: none. */
  readonly held: { readonly sweepId: string; readonly removals: number } | null;
}

async function createMapping(deps: Deps, request: NewMapping): Promise<NewlyMapped> {
  const { clientId, groupId, roleId, authority } = request;
  return deps.database.transaction(async (tx) => {
    const client = await lockClient(tx, clientId);
    refuseEnding(client);
    await refuseUnknownGroup(tx.sql, groupId);
    await refuseImpossibleRole(tx.sql, client, roleId);
    const retired = await tx.em.findOne(RoleMappingEntity, {
      clientId,
      groupId,
      roleId,
    });
    if (retired !== null && retired.retiredAt === null) throw await alreadyMapped(tx.sql, retired);
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
      groupId,
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
): Promise<RoleMapping> {
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

async function alreadyMapped(
  db: Db,
  { id, clientId, groupId, roleId }: RoleMappingRow,
): Promise<InputError> {
  const group = await nameGroups(db, [groupId]);
  const role = await nameRoles(db, clientId, [roleId]);
  return new InputError(
    'CONFLICT',
    `${group(groupId)} is already mapped to ${role(roleId)} by mapping ${id}`,
  );
}

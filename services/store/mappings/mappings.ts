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
import { markRole } from '../jobs/mark.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';
import { endDrained } from '../path/end-drained.js';
import { countEffect, type MappingEffect } from './effect.js';
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

export function createMappings(deps: {
  readonly database: Database;
  readonly enqueueEvent: EnqueueEvent;
  readonly clock: () => number;
}) {
  const { database, enqueueEvent, clock } = deps;
  return {
    async createMapping(request: {
      clientId: ClientId;
      groupId: GroupId;
      roleId: RoleId;
      authority: Authority | null;
      dryRun: boolean;
      cause: Cause;
    }): Promise<{
      readonly mapping: MappingView | null;
      readonly effect: MappingEffect;
    }> {
      const { clientId, groupId, roleId, authority } = request;
      return database.transaction(async (tx) => {
        const client = await lockClient(tx, clientId);
        refuseEnding(client);
        await refuseUnknownGroup(tx.sql, groupId);
        await refuseImpossibleRole(tx.sql, clientId, roleId);
        const existing = await tx.em.findOne(RoleMappingEntity, {
          clientId,
          groupId,
          roleId,
        });
        if (existing !== null && existing.retiredAt === null)
          throw alreadyMapped(existing);
        const effect = await countEffect(tx.sql, {
          clientId,
          roleId,
          mappedGroupId: groupId,
          retiredId: null,
        });
        if (request.dryRun) return { mapping: null, effect };
        const row =
          existing ??
          tx.em.create(RoleMappingEntity, {
            id: uuidv7(),
            clientId,
            groupId,
            roleId,
            authority,
            createdAt: new Date(clock()),
            retiredAt: null,
          });
        tx.em.assign(row, { retiredAt: null, authority });
        await tx.em.flush();
        await markRole(tx.sql, request);
        return { mapping: viewOf(row, client), effect };
      });
    },

    async updateMapping(request: {
      id: MappingId;
      authority: Authority;
      cause: Cause;
    }): Promise<MappingView> {
      return database.transaction(async (tx) => {
        const { row, client } = await lockMapping(tx, request.id);
        tx.em.assign(row, { authority: request.authority });
        await tx.em.flush();
        await markRole(tx.sql, { ...row, cause: request.cause });
        return viewOf(row, client);
      });
    },

    /** LEAVE forgets the mapping at once. TAKE_BACK keeps it, retired, until the last linked holder has lost the role. */
    async retireMapping(request: {
      id: MappingId;
      holders: Holders;
      dryRun: boolean;
      cause: Cause;
    }): Promise<{
      readonly mapping: MappingView;
      readonly effect: MappingEffect;
    }> {
      return database.transaction(async (tx) => {
        const { row, client } = await lockMapping(tx, request.id);
        const takesBack = request.holders === 'TAKE_BACK';
        if (takesBack) refuseForeignAuthority(row, client);
        const effect = takesBack
          ? await countEffect(tx.sql, {
              ...row,
              mappedGroupId: null,
              retiredId: row.id,
            })
          : { additions: 0, removals: 0 };
        const retired = {
          ...viewOf(row, client),
          retiredAt: row.retiredAt ?? new Date(clock()),
        };
        if (request.dryRun) return { mapping: viewOf(row, client), effect };
        if (takesBack) tx.em.assign(row, { retiredAt: retired.retiredAt });
        else tx.em.remove(row);
        await tx.em.flush();
        if (takesBack) await markRole(tx.sql, { ...row, cause: request.cause });
        await endDrained(tx.sql, client.id, [], enqueueEvent);
        return { mapping: retired, effect };
      });
    },
  };
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
  return {
    id,
    clientId,
    groupId,
    roleId,
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

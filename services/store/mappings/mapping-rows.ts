import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { MappingId } from '../../model.js';
import { lockClient } from '../clients/client-rows.js';
import type { Transaction } from '../connection/database.js';
import type { ClientRow } from '../entities/client.entity.js';
import { RoleMappingEntity, type RoleMappingRow } from '../entities/mapping.entity.js';
import type { RoleMapping } from '../../api/mappings/role-mapping.types.js';

export async function lockMapping(
  tx: Transaction,
  id: MappingId,
): Promise<{ row: RoleMappingRow; client: ClientRow }> {
  const found = await tx.em.findOne(RoleMappingEntity, { id });
  if (found === null) throw new InputError('NOT_FOUND', `mapping ${id} does not exist`, 'input.id');
  const client = await lockClient(tx, found.clientId);
  refuseEnding(client);
  await tx.em.refresh(found);
  return { row: found, client };
}

export function viewOf(row: RoleMappingRow, client: ClientRow): RoleMapping {
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

export function refuseEnding(client: ClientRow): void {
  if (client.endingAt === null || client.endingAt === undefined) return;
  throw new InputError(
    'FAILED_PRECONDITION',
    `${named('client', client.id, client.name)} is being deleted`,
  );
}

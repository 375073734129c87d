import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

import type { Authority, ClientId, GroupId, MappingId, RoleId } from '../../model.js';

export const RoleMappingEntity = defineEntity({
  name: 'RoleMapping',
  tableName: 'role_mapping',
  properties: {
    id: p.uuid().$type<MappingId>().primary(),
    clientId: p.uuid().$type<ClientId>(),
    groupId: p.text().$type<GroupId>(),
    roleId: p.text().$type<RoleId>(),
    /** Null: follows the client's. */
    authority: p.text().$type<Authority>().nullable(),
    createdAt: p.datetime(),
    retiredAt: p.datetime().nullable(),
  },
});

export type RoleMappingRow = InferEntity<typeof RoleMappingEntity>;

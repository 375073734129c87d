import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

import type { Authority, MappingId, RoleId, RoleRefusal } from '../../model.js';
import { clientId } from './client.entity.js';
import { PlatformGroupEntity } from './platform.entity.js';

/** The roles of each client's guild, as last read. */
export const RoleEntity = defineEntity({
  name: 'Role',
  tableName: 'role',
  properties: {
    clientId: clientId().primary(),
    id: p.text().$type<RoleId>().primary(),
    name: p.text(),
    position: p.integer(),
    color: p.integer(),
    isManaged: p.boolean(),
    refusal: p
      .enum(['EVERYONE', 'MANAGED', 'ABOVE_BOT', 'MISSING_PERMISSION', 'UNKNOWN_ROLE'])
      .$type<RoleRefusal>()
      .nullable()
      .comment('why the bot can neither add nor remove the role; null: it can'),
    renameRefusal: p
      .enum(['ABOVE_BOT', 'MISSING_PERMISSION'])
      .nullable()
      .comment(
        `why the bot cannot rename the role's holders (for @everyone: all members); null: it can`,
      ),
  },
});

/** Mappings: members of a group get a role. */
export const RoleMappingEntity = defineEntity({
  name: 'RoleMapping',
  tableName: 'role_mapping',
  properties: {
    id: p.uuid().$type<MappingId>().primary(),
    clientId: clientId(),
    groupId: p.manyToOne(PlatformGroupEntity).mapToPk().joinColumn('group_id'),
    roleId: p.text().$type<RoleId>(),
    /** Null: the client's authority applies. */
    authority: p.enum(['PLATFORM', 'DISCORD', 'OBSERVE']).$type<Authority>().nullable(),
    createdAt: p.datetime(),
    retiredAt: p.datetime().nullable(),
    /** Only declares the foreign key. Its columns are `clientId` and `roleId`. */
    role: p
      .manyToOne(RoleEntity)
      .joinColumns('client_id', 'role_id')
      .nullable()
      .lazy()
      .updateRule('no action')
      .deleteRule('no action'),
  },
  indexes: [
    {
      name: 'role_mapping_once',
      expression:
        'create unique index role_mapping_once on role_mapping (client_id, group_id, role_id)',
    },
    { name: 'role_mapping_group', properties: ['groupId'] },
    { name: 'role_mapping_role', properties: ['clientId', 'roleId'] },
  ],
});

export type RoleMappingRow = InferEntity<typeof RoleMappingEntity>;

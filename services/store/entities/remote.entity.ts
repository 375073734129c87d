import { defineEntity, p } from '@mikro-orm/core';

import { LinkEntity } from './link.entity.js';
import { RoleMappingEntity } from './mapping.entity.js';

/**
 * For authority DISCORD: the last reading of each member's role, and the request to the platform.
 */
export const RemoteMembershipEntity = defineEntity({
  name: 'RemoteMembership',
  tableName: 'remote_membership',
  comment:
    'for mappings under authority DISCORD; without a row, the next reading of the role is the first',
  properties: {
    linkId: p
      .manyToOne(LinkEntity)
      .mapToPk()
      .joinColumn('link_id')
      .primary()
      .updateRule('no action')
      .deleteRule('cascade'),
    mappingId: p
      .manyToOne(RoleMappingEntity)
      .mapToPk()
      .joinColumn('mapping_id')
      .primary()
      .updateRule('no action')
      .deleteRule('cascade'),
    hasRole: p
      .boolean()
      .comment(
        `whether the member held the role at the last reading that could be compared with the platform`,
      ),
    request: p.enum(['ADDED', 'REMOVED']).nullable(),
    requestState: p.enum(['OPEN', 'DISPUTED']).nullable(),
    requestId: p.uuid().$type<string>().nullable().comment('the id of the published event'),
    askedAt: p.datetime().nullable(),
    askedOrder: p
      .text()
      .nullable()
      .comment(
        'the order of the newest fact about the user and the group at the time of the request',
      ),
    removalAskedAt: p
      .datetime()
      .nullable()
      .comment(
        `when a removal was requested; kept after the request is settled, because the removal guard counts the last hour's`,
      ),
  },
  checks: [
    {
      name: 'remote_membership_check',
      expression: 'num_nulls(request, request_state, request_id, asked_at, asked_order) in (0, 5)',
    },
  ],
  indexes: [
    { name: 'remote_membership_mapping', properties: ['mappingId'] },
    {
      name: 'remote_membership_removals',
      properties: ['mappingId', 'removalAskedAt'],
      where: 'removal_asked_at is not null',
    },
    {
      name: 'remote_membership_open',
      properties: ['linkId'],
      where: `request_state = 'OPEN'`,
    },
  ],
});

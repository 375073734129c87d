import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

import type { DiscordUserId, LinkId, LinkStatus } from '../../model.js';
import { clientId } from './client.entity.js';
import { PlatformUserEntity } from './platform.entity.js';

/** Links between platform users and Discord accounts, per client. */
export const LinkEntity = defineEntity({
  name: 'Link',
  tableName: 'link',
  properties: {
    id: p.uuid().$type<LinkId>().primary(),
    clientId: clientId(),
    platformUserId: p.manyToOne(PlatformUserEntity).mapToPk().joinColumn('platform_user_id'),
    discordUserId: p.text().$type<DiscordUserId>(),
    status: p.enum(['ACTIVE', 'ENDING']).$type<LinkStatus>(),
    linkedAt: p.datetime(),
    endingAt: p.datetime().nullable(),
    isEndAskedFor: p.boolean().$type<boolean>().default(false),
  },
  uniques: [
    {
      name: 'link_one_per_platform_user',
      properties: ['clientId', 'platformUserId'],
      include: ['discordUserId'],
      where: `status = 'ACTIVE'`,
    },
    {
      name: 'link_one_per_account',
      properties: ['clientId', 'discordUserId'],
      where: `status = 'ACTIVE'`,
    },
  ],
  indexes: [
    {
      name: 'link_pair',
      expression:
        'create unique index link_pair on link (client_id, discord_user_id, platform_user_id)',
    },
    { name: 'link_platform_user', properties: ['platformUserId'] },
    { name: 'link_page', properties: ['clientId', 'id'] },
    {
      name: 'link_ending',
      properties: ['clientId', 'discordUserId'],
      where: `status = 'ENDING'`,
    },
  ],
});

export type LinkRow = InferEntity<typeof LinkEntity>;

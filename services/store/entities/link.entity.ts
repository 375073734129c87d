import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

import type { ClientId, DiscordUserId, LinkId, LinkStatus, PlatformUserId } from '../../model.js';

export const LinkEntity = defineEntity({
  name: 'Link',
  tableName: 'link',
  properties: {
    id: p.uuid().$type<LinkId>().primary(),
    clientId: p.uuid().$type<ClientId>(),
    platformUserId: p.text().$type<PlatformUserId>(),
    discordUserId: p.text().$type<DiscordUserId>(),
    status: p.text().$type<LinkStatus>(),
    linkedAt: p.datetime(),
    endingAt: p.datetime().nullable(),
    isEndAskedFor: p.boolean().$type<boolean>().default(false),
  },
});

export type LinkRow = InferEntity<typeof LinkEntity>;

import {
  GatewayCloseCodes,
  GatewayIntentBits,
  type GatewayIdentifyData,
} from 'discord-api-types/v10';
import { z } from 'zod';

import type { LiveApplication, LiveWorld } from '../live-world.js';
import type { Identified } from './sessions.js';
import { guildsOnShard } from './sharding.js';

/** Shard and intents have close codes of their own, so they are checked afterwards. */
const IdentifyData = z.looseObject({
  token: z.string(),
  properties: z.looseObject({}),
  compress: z.boolean().nullish(),
  large_threshold: z.number().nullish(),
  shard: z.unknown().optional(),
  intents: z.unknown().optional(),
} satisfies Partial<Record<keyof GatewayIdentifyData, z.ZodType>>);

export type ReadIdentify = z.infer<typeof IdentifyData>;

export function readIdentify(data: unknown): ReadIdentify | undefined {
  return IdentifyData.safeParse(data).data;
}

export type GatewayClosing = { readonly code: GatewayCloseCodes; readonly reason: string };

const ShardData = z.tuple([z.int().min(0), z.int().min(1)]).refine(([id, count]) => id < count);

const KNOWN_INTENTS = Object.values(GatewayIntentBits)
  .filter((bit) => typeof bit === 'number')
  .reduce((sum, bit) => sum | bit, 0);

const Intents = z
  .int()
  .min(0)
  .max(KNOWN_INTENTS)
  .refine((bits) => (bits & ~KNOWN_INTENTS) === 0);

/** What the identify asks for, or why the connection is closed. */
export function judgeIdentify(
  data: ReadIdentify,
  {
    world,
    application,
    maxGuildsPerShard,
  }: {
    readonly world: LiveWorld;
    readonly application: LiveApplication;
    readonly maxGuildsPerShard: number;
  },
): Identified | GatewayClosing {
  const isShardNamed = data.shard !== undefined && data.shard !== null;
  const shard = ShardData.safeParse(isShardNamed ? data.shard : [0, 1]).data;
  if (!shard) return { code: GatewayCloseCodes.InvalidShard, reason: 'Invalid shard.' };
  const intents = Intents.safeParse(data.intents).data;
  if (intents === undefined)
    return { code: GatewayCloseCodes.InvalidIntents, reason: 'Invalid intent(s).' };
  const asksForMembers = (intents & GatewayIntentBits.GuildMembers) !== 0;
  if (asksForMembers && !application.guildMembersIntent)
    return { code: GatewayCloseCodes.DisallowedIntents, reason: 'Disallowed intent(s).' };
  const guilds = guildsOnShard(world, application.botUserId, shard);
  if (guilds.length > maxGuildsPerShard)
    return { code: GatewayCloseCodes.ShardingRequired, reason: 'Sharding required.' };
  return {
    applicationId: application.applicationId,
    botUserId: application.botUserId,
    shard,
    isShardNamed,
    intents,
    largeThreshold: Math.min(Math.max(data.large_threshold ?? 50, 50), 250),
  };
}

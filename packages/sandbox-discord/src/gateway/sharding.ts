import type { LiveGuild, LiveWorld } from '../live-world.js';

/** Numbered from 0. */
export type Shard = readonly [shardId: number, shardCount: number];

/** Whether the events of this guild go to the shard. */
export function isOnShard(guildId: string, [shardId, shardCount]: Shard): boolean {
  return shardCount === 1 || Number((BigInt(guildId) >> 22n) % BigInt(shardCount)) === shardId;
}

/** The guilds whose events a session of this bot and shard receives. */
export function guildsOnShard(world: LiveWorld, botUserId: string, shard: Shard): LiveGuild[] {
  return [...world.guilds.values()].filter(
    ({ guildId, members }) => members.has(botUserId) && isOnShard(guildId, shard),
  );
}

// Discord recommends a shard for each thousand guilds.
const COMFORTABLE_GUILDS = 1000;

export function recommendedShards(guildCount: number, maxGuildsPerShard: number): number {
  return Math.max(1, Math.ceil(guildCount / Math.min(COMFORTABLE_GUILDS, maxGuildsPerShard)));
}

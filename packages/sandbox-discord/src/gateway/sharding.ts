/** The shard that a guild's events go to. */
export function shardOf(guildId: string, shardCount: number): number {
  return Number((BigInt(guildId) >> 22n) % BigInt(shardCount));
}

// Discord recommends a shard for each thousand guilds.
const COMFORTABLE_GUILDS = 1000;

export function recommendedShards(guildCount: number, maxGuildsPerShard: number): number {
  return Math.max(1, Math.ceil(guildCount / Math.min(COMFORTABLE_GUILDS, maxGuildsPerShard)));
}

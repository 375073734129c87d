/** The shard that a guild's events go to. */
export function shardFor(guildId: string, shardCount: number): number {
  if (shardCount === 1) return 0;
  return Number((BigInt(guildId) >> 22n) % BigInt(shardCount));
}

// Discord recommends a shard for each thousand guilds.
const COMFORTABLE_GUILDS = 1000;

export function recommendedShards(guildCount: number, maxGuildsPerShard: number): number {
  return Math.max(1, Math.ceil(guildCount / Math.min(COMFORTABLE_GUILDS, maxGuildsPerShard)));
}

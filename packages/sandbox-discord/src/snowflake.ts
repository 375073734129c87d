/** Discord's ids: decimal strings of a 64-bit number, never numbers. */
export function isSnowflake(value: unknown): value is string {
  return typeof value === 'string' && /^(0|[1-9][0-9]{0,19})$/.test(value);
}

/** Older first. A shorter id is smaller; at equal length, text order is numeric order. */
export function compareSnowflakes(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

// 2015-01-01, from which Discord counts.
const DISCORD_EPOCH_MS = 1_420_070_400_000n;

/** Creates ids that increase with time and never repeat, even while the clock stands still. */
export function createIds(clock: () => number): () => string {
  let last = 0n;
  return () => {
    const byTime = (BigInt(Math.floor(clock())) - DISCORD_EPOCH_MS) << 22n;
    last = byTime > last ? byTime : last + 1n;
    return String(last);
  };
}

/** When the object with this id was created, in milliseconds since 1970. */
export function timeOfSnowflake(snowflake: string): number {
  return Number((BigInt(snowflake) >> 22n) + DISCORD_EPOCH_MS);
}

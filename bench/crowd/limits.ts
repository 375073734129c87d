import { DEFAULT_LIMITS, type SandboxLimit, type SandboxLimits } from 'sandbox-discord';

type WriteBucket = 'memberRoles' | 'memberPatch' | 'memberJoin';

/** Buckets that can carry the change of a single role. */
export const ROLE_BUCKETS: readonly WriteBucket[] = ['memberRoles', 'memberPatch'];

/**
 * The shortest time in which these buckets, full at the start, allow that many writes in one guild.
 */
export function limitSeconds(writes: number, buckets: readonly WriteBucket[]): number {
  const limits = buckets.map((name) => limitOf(DEFAULT_LIMITS, name));
  const stepMs = Math.min(...limits.map(({ windowMs, limit }) => windowMs / limit));
  const allowedBy = (atMs: number) => limits.reduce((sum, limit) => sum + allowed(limit, atMs), 0);
  let atMs = 0;
  while (allowedBy(atMs) < writes) atMs += stepMs;
  return atMs / 1_000;
}

function allowed({ limit, windowMs, window }: SandboxLimit, atMs: number): number {
  const windows = atMs / windowMs;
  return limit + (window === 'fixed' ? Math.floor(windows) * limit : Math.floor(windows * limit));
}

function limitOf(limits: SandboxLimits, name: WriteBucket): SandboxLimit {
  const limit = limits[name];
  if (limit === null) throw new Error(`${name} has no limit`);
  return limit;
}

import type { LiveWorld } from './live-world.js';
import type { FullMember } from './world.js';

/** Whether a member search for this prefix finds the member: by username or by nickname. */
export function hasNamePrefix(
  world: LiveWorld,
  { discordUserId, nick }: FullMember,
  prefix: string,
): boolean {
  const username = world.users.get(discordUserId)?.username ?? '';
  return [username, nick ?? ''].some((name) => name.toLowerCase().startsWith(prefix.toLowerCase()));
}

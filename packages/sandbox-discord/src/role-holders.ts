import type { LiveGuild } from './live-world.js';

/** How many members have each role, in one pass over the members. Without @everyone. */
export function countHolders(guild: LiveGuild): ReadonlyMap<string, number> {
  const counts = new Map([...guild.roles.keys()].map((roleId) => [roleId, 0]));
  counts.delete(guild.guildId);
  for (const member of guild.members.values())
    for (const roleId of member.roleIds) {
      const count = counts.get(roleId);
      if (count !== undefined) counts.set(roleId, count + 1);
    }
  return counts;
}

import { saveMember, type LiveGuild } from './live-world.js';

/** Takes a role out of the guild and, unless its id is left stale, from all who held it. */
export function deleteRole(guild: LiveGuild, roleId: string, keepsStaleRoleIds: boolean): void {
  guild.roles.delete(roleId);
  if (keepsStaleRoleIds) return;
  for (const member of guild.members.values())
    if (member.roleIds.includes(roleId))
      saveMember(guild, {
        ...member,
        roleIds: member.roleIds.filter((held) => held !== roleId),
      });
}

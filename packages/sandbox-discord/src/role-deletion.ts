import { saveMember, type LiveGuild } from './live-world.js';

/** Deletes a role from the guild and, unless stale ids are kept, from its holders. */
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

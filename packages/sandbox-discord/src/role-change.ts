import type { ApiCall, Standing } from './api-call.js';
import type { LiveGuild } from './live-world.js';
import { canMoveRole } from './permissions.js';
import { invalidField, invalidRole, missingPermissions, unknownRole } from './refusal.js';
import type { FullMember, FullRole, SandboxAuditChange } from './world.js';

/** The difference between a member's roles and a new list. */
export type RoleChange = {
  readonly added: readonly string[];
  readonly removed: readonly string[];
};

export function roleChange(before: FullMember, after: readonly string[]): RoleChange {
  return {
    added: after.filter((roleId) => !before.roleIds.includes(roleId)),
    removed: before.roleIds.filter((roleId) => !after.includes(roleId)),
  };
}

/** Discord ignores @everyone, whose id is the guild's, in a list of roles. */
export function withoutEveryone(guild: LiveGuild, roleIds: readonly string[]): readonly string[] {
  return roleIds.filter((roleId) => roleId !== guild.guildId);
}

/**
 * Refuses a list that adds or removes a role the bot may not assign. Removing the id of a deleted
 * role is allowed.
 */
export function demandRolesWithinReach(
  call: ApiCall,
  standing: Standing,
  change: RoleChange,
): void {
  const { roles } = standing.guild;
  const stranger = change.added.find((roleId) => !roles.has(roleId));
  if (stranger !== undefined) throw unknownRoleInList(call, stranger);
  for (const roleId of [...change.added, ...change.removed]) {
    const role = roles.get(roleId);
    if (role) demandMovable(call, standing, role);
  }
}

/** Refuses a managed role, and a role that is not below the bot's highest role. */
export function demandMovable(call: ApiCall, standing: Standing, role: FullRole): void {
  if (role.managed)
    throw call.quirks.managedRoleCode === 50028 ? invalidRole() : missingPermissions();
  if (!canMoveRole(standing.guild, standing.self, role)) throw missingPermissions();
}

export function roleChangesOnWire(guild: LiveGuild, change: RoleChange): SandboxAuditChange[] {
  const named = (roleIds: readonly string[]) =>
    roleIds.map((id) => ({ id, name: guild.roles.get(id)?.name ?? id }));
  return [
    ...(change.added.length > 0 ? [{ key: '$add', new_value: named(change.added) }] : []),
    ...(change.removed.length > 0 ? [{ key: '$remove', new_value: named(change.removed) }] : []),
  ];
}

function unknownRoleInList(call: ApiCall, roleId: string) {
  if (call.quirks.unknownRoleInPatchCode === 10011) return unknownRole();
  return invalidField('roles', {
    code: 'UNKNOWN_ROLE',
    message: `Role ${roleId} does not exist.`,
  });
}

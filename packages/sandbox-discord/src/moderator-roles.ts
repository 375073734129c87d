import { AuditLogEvent } from 'discord-api-types/v10';

import type { EditingDeps, LiveEditing } from './live-editing.js';
import { moveRoles, saveRole } from './live-world.js';
import type { SandboxModerator } from './moderator-interface.js';
import { deleteRole } from './role-deletion.js';
import { moveRole } from './role-order.js';
import { fullRole } from './world-defaults.js';

/** A moderator's edits of roles. */
export function createRoleModerator(editing: LiveEditing, deps: EditingDeps) {
  const { guildOf, roleOf, note } = editing;
  return {
    createRole({ guildId, ...wanted }) {
      const guild = guildOf(guildId);
      const roleId = deps.world.nextId();
      const role = fullRole({ roleId, position: 1, ...wanted });
      saveRole(guild, role);
      const actionType = AuditLogEvent.RoleCreate;
      note(guild, { actionType, targetId: role.roleId });
      return role;
    },
    editRole({ guildId, roleId, ...wanted }) {
      const guild = guildOf(guildId);
      saveRole(guild, { ...roleOf({ guildId, roleId }), ...wanted });
      note(guild, { actionType: AuditLogEvent.RoleUpdate, targetId: roleId });
    },
    deleteRole(which) {
      const guild = guildOf(which.guildId);
      const { roleId } = roleOf(which);
      deleteRole(guild, roleId, deps.quirks.keepsStaleRoleIds);
      note(guild, { actionType: AuditLogEvent.RoleDelete, targetId: roleId });
    },
    moveRole(which) {
      const guild = guildOf(which.guildId);
      const { roleId } = roleOf(which);
      moveRoles(guild, moveRole([...guild.roles.values()], roleId, which.position));
      note(guild, { actionType: AuditLogEvent.RoleUpdate, targetId: roleId });
    },
  } satisfies Partial<SandboxModerator>;
}

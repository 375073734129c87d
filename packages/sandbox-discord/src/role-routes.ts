import { AuditLogEvent } from 'discord-api-types/v10';

import {
  demandRoles,
  param,
  standingOf,
  type ApiCall,
  type Decision,
  type Standing,
} from './api-call.js';
import { flag, nullable, permissionBits, readForm, text } from './form.js';
import { saveRole, type LiveGuild } from './live-world.js';
import { canMoveRole } from './permissions.js';
import { invalidRole, missingPermissions, tooManyRoles, unknownRole } from './refusal.js';
import { COLOR_CHECKS, colorsAfter, type ColorForm } from './role-colors.js';
import { deleteRole } from './role-deletion.js';
import { countHolders } from './role-holders.js';
import { reorderRoles } from './role-positions.js';
import type { Route } from './route.js';
import { colorsOnWire, roleOnWire, rolesOnWire } from './wire.js';
import { fullRole } from './world-defaults.js';
import type { FullRole, SandboxAuditChange } from './world.js';

const ROLES = '/guilds/{guild_id}/roles';
const ROLE = `${ROLES}/{role_id}`;
const MAX_ROLES = 250;

/** Reads, counts, creates, changes, orders and deletes the guild's roles. */
export const roleRoutes: readonly Route[] = [
  { method: 'GET', template: ROLES, decide: listRoles },
  { method: 'POST', template: ROLES, decide: createRole },
  { method: 'PATCH', template: ROLES, decide: reorderRoles },
  { method: 'GET', template: `${ROLES}/member-counts`, decide: countMembers },
  { method: 'GET', template: ROLE, decide: getRole },
  { method: 'PATCH', template: ROLE, decide: patchRole },
  { method: 'DELETE', template: ROLE, decide: removeRole },
];

function listRoles(call: ApiCall): Decision {
  return { status: 200, body: rolesOnWire(standingOf(call).guild) };
}

function getRole(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  return { status: 200, body: roleOnWire(roleNamed(call, guild)) };
}

/** Roles without holders are included, @everyone is not. */
function countMembers(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  return { status: 200, body: Object.fromEntries(countHolders(guild)) };
}

type RoleForm = ColorForm & {
  readonly name: string | null;
  readonly permissions: string | null;
  readonly hoist: boolean | null;
  readonly mentionable: boolean | null;
};

function readRoleForm(call: ApiCall): Partial<RoleForm> {
  return readForm<RoleForm>(call.body, {
    name: nullable(text({ min: 1, max: 100 })),
    permissions: nullable(permissionBits),
    ...COLOR_CHECKS,
    hoist: nullable(flag),
    mentionable: nullable(flag),
  });
}

const NO_COLORS = { color: 0, secondaryColor: null, tertiaryColor: null };

function createRole(call: ApiCall): Decision {
  const standing = standingOf(call);
  const { guild } = standing;
  demandRoles(call, standing);
  const form = readRoleForm(call);
  demandOwnPermissions(standing, form.permissions, '0');
  if (guild.roles.size >= MAX_ROLES) throw tooManyRoles();
  const role = fullRole({
    roleId: call.world.nextId(),
    name: form.name ?? 'new role',
    // New roles start at the bottom; at the same position the older one is higher.
    position: 1,
    permissions: form.permissions ?? guild.roles.get(guild.guildId)?.permissions ?? '0',
    ...colorsAfter(guild, form, NO_COLORS),
    hoist: form.hoist ?? false,
    mentionable: form.mentionable ?? false,
  });
  return {
    status: 200,
    body: roleOnWire(role),
    change: () => saveRole(guild, role),
    audit: {
      guild,
      entries: [
        {
          actionType: AuditLogEvent.RoleCreate,
          targetId: role.roleId,
          changes: [{ key: 'name', new_value: role.name }],
        },
      ],
    },
  };
}

function patchRole(call: ApiCall): Decision {
  const standing = standingOf(call);
  const { guild, self } = standing;
  demandRoles(call, standing);
  const form = readRoleForm(call);
  const before = roleNamed(call, guild);
  if (!canMoveRole(guild, self, before)) throw missingPermissions();
  demandOwnPermissions(standing, form.permissions, before.permissions);
  const after: FullRole = {
    ...before,
    name: form.name ?? before.name,
    permissions: form.permissions ?? before.permissions,
    ...colorsAfter(guild, form, before),
    hoist: form.hoist ?? before.hoist,
    mentionable: form.mentionable ?? before.mentionable,
  };
  const changes = roleFieldChanges(before, after);
  const decision = { status: 200, body: roleOnWire(after) };
  if (changes.length === 0) return decision;
  return {
    ...decision,
    change: () => saveRole(guild, after),
    audit: {
      guild,
      entries: [
        {
          actionType: AuditLogEvent.RoleUpdate,
          targetId: after.roleId,
          changes,
        },
      ],
    },
  };
}

function roleFieldChanges(before: FullRole, after: FullRole): SandboxAuditChange[] {
  const changes = (['name', 'permissions', 'color', 'hoist', 'mentionable'] as const).flatMap(
    (key) =>
      before[key] === after[key] ? [] : [{ key, old_value: before[key], new_value: after[key] }],
  );
  const isGradientKept =
    before.secondaryColor === after.secondaryColor && before.tertiaryColor === after.tertiaryColor;
  if (isGradientKept) return changes;
  const [old_value, new_value] = [colorsOnWire(before), colorsOnWire(after)];
  return [...changes, { key: 'colors', old_value, new_value }];
}

function removeRole(call: ApiCall): Decision {
  const standing = standingOf(call);
  const { guild, self } = standing;
  demandRoles(call, standing);
  const role = roleNamed(call, guild);
  if (role.managed || role.roleId === guild.guildId) throw invalidRole();
  if (!canMoveRole(guild, self, role)) throw missingPermissions();
  return {
    status: 204,
    change: () => deleteRole(guild, role.roleId, call.quirks.keepsStaleRoleIds),
    audit: {
      guild,
      entries: [
        {
          actionType: AuditLogEvent.RoleDelete,
          targetId: role.roleId,
          changes: [{ key: 'name', old_value: role.name }],
        },
      ],
    },
  };
}

function roleNamed(call: ApiCall, guild: LiveGuild): FullRole {
  const role = guild.roles.get(param(call, 'role_id'));
  if (!role) throw unknownRole();
  return role;
}

/**
 * A caller cannot give a role permissions that they lack themselves. Permissions that the role
 * already had may stay.
 */
function demandOwnPermissions(
  standing: Standing,
  wanted: string | null | undefined,
  before: string,
): void {
  const gained = BigInt(wanted ?? '0') & ~BigInt(before);
  if (gained & ~standing.permissions) throw missingPermissions();
}

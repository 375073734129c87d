import { AuditLogEvent } from 'discord-api-types/v10';

import {
  demandRoles,
  memberNamed,
  param,
  standingOf,
  type ApiCall,
  type Decision,
} from './api-call.js';
import { saveMember, type LiveGuild } from './live-world.js';
import { unknownRole } from './refusal.js';
import { demandMovable, roleChange, roleChangesOnWire } from './role-change.js';
import type { Route } from './route.js';
import type { FullMember, FullRole } from './world.js';

const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';

/**
 * Adds or removes a single role. No other role is read or written, so concurrent calls do not undo
 * each other.
 */
export const memberRoleRoutes: readonly Route[] = [
  {
    method: 'PUT',
    template: MEMBER_ROLE,
    limit: 'memberRoles',
    decide: giveRole,
  },
  {
    method: 'DELETE',
    template: MEMBER_ROLE,
    limit: 'memberRolesDelete',
    decide: takeRole,
  },
];

function giveRole(call: ApiCall): Decision {
  const { guild, role } = roleInReach(call);
  const member = memberNamed(call, guild);
  if (member.roleIds.includes(role.roleId)) return { status: 204 };
  return decided(guild, member, [...member.roleIds, role.roleId]);
}

function takeRole(call: ApiCall): Decision {
  const { guild, role } = roleInReach(call);
  const member = memberNamed(call, guild);
  if (!member.roleIds.includes(role.roleId)) return { status: 204 };
  return decided(
    guild,
    member,
    member.roleIds.filter((roleId) => roleId !== role.roleId),
  );
}

function roleInReach(call: ApiCall): { guild: LiveGuild; role: FullRole } {
  const standing = standingOf(call);
  const { guild } = standing;
  demandRoles(call, standing);
  const role = guild.roles.get(param(call, 'role_id'));
  // @everyone has the guild's id and cannot be assigned: Discord reports it as an unknown role.
  if (!role || role.roleId === guild.guildId) throw unknownRole();
  demandMovable(call, standing, role);
  return { guild, role };
}

function decided(guild: LiveGuild, before: FullMember, roleIds: readonly string[]): Decision {
  const targetId = before.discordUserId;
  const changes = roleChangesOnWire(guild, roleChange(before, roleIds));
  return {
    status: 204,
    change: () => saveMember(guild, { ...before, roleIds }),
    audit: {
      guild,
      entries: [{ actionType: AuditLogEvent.MemberRoleUpdate, targetId, changes }],
    },
  };
}

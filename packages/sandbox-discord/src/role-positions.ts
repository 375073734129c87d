import { AuditLogEvent } from 'discord-api-types/v10';

import { demandRoles, standingOf, type ApiCall, type Decision, type Standing } from './api-call.js';
import { nullable, readFormList, required, snowflake, wholeNumber } from './form.js';
import { moveRoles, type LiveGuild } from './live-world.js';
import { canMoveRole } from './permissions.js';
import { missingPermissions, unknownRole } from './refusal.js';
import { highestFirst, placeRoles } from './role-order.js';
import { compareSnowflakes } from './snowflake.js';
import { roleOnWire } from './wire.js';
import type { FullRole } from './world.js';

/**
 * Any list is accepted that keeps the order of the roles the bot may not move, since clients send
 * all roles. Equal positions are allowed: the older role is higher.
 */
export function reorderRoles(call: ApiCall): Decision {
  const standing = standingOf(call);
  const { guild } = standing;
  demandRoles(call, standing);
  const positions = readPositions(call, guild);
  const after = placeRoles(guild.guildId, guild.roles.values(), positions);
  demandUpperOrderKept(standing, after);
  const body = after.toSorted((a, b) => compareSnowflakes(a.roleId, b.roleId)).map(roleOnWire);
  const entries = after.flatMap(({ roleId: targetId, position: new_value }) => {
    const old_value = guild.roles.get(targetId)?.position;
    const changes = [{ key: 'position', old_value, new_value }];
    return old_value === new_value
      ? []
      : [{ actionType: AuditLogEvent.RoleUpdate, targetId, changes }];
  });
  if (entries.length === 0) return { status: 200, body };
  return { status: 200, body, change: () => moveRoles(guild, after), audit: { guild, entries } };
}

type PlaceForm = { readonly id: string; readonly position: number | null };

const INT_32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/** Role id -> position. Items without a position leave the role where it is. */
function readPositions(call: ApiCall, guild: LiveGuild): ReadonlyMap<string, number> {
  const items = readFormList<PlaceForm>(call.body, {
    id: snowflake,
    position: nullable(wholeNumber(INT_32)),
  });
  const named = items.map(({ id, position }, index) => ({
    roleId: required(`${index}.id`, id),
    position: position ?? undefined,
  }));
  if (named.some(({ roleId }) => !guild.roles.has(roleId))) throw unknownRole();
  return new Map(
    named.flatMap(({ roleId, position }) => (position === undefined ? [] : [[roleId, position]])),
  );
}

function demandUpperOrderKept({ guild, self }: Standing, after: readonly FullRole[]): void {
  const ordered = highestFirst(after);
  const upper = highestFirst(guild.roles.values()).filter(
    (role) => !canMoveRole(guild, self, role),
  );
  if (upper.some((role, index) => ordered[index]?.roleId !== role.roleId))
    throw missingPermissions();
}

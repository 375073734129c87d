import { named } from '../../lib/named.js';
import type { RoleId, RoleRefusal } from '../../model.js';
import type { RoleReading } from '../rest/bot-readings.js';
import { roleRefusals, type BotStanding } from '../rest/hierarchy.js';
import { failed, ok, warning, type Check } from './check.js';
import { powersOf } from './guild-checks.js';

/**
 * `standing` is null when the bot's own roles could not be read: which roles are below the bot is
 * then unknown.
 */
export function mappedRoleChecks(
  mappedRoleIds: readonly RoleId[],
  roles: readonly RoleReading[],
  standing: BotStanding | null,
  lastNames: ReadonlyMap<RoleId, string> = new Map(),
): readonly Check[] {
  const mapped = [...new Set(mappedRoleIds)];
  const refusals = standing ? roleRefusals(roles, standing) : new Map<RoleId, RoleRefusal | null>();
  const faults = mapped.flatMap((roleId) => {
    const role = roles.find((one) => one.roleId === roleId);
    const lastName = lastNames.get(roleId);
    const name = `mapped role ${role?.name ?? lastName ?? roleId}`;
    if (!role) return [goneCheck(name, named('role', roleId, lastName))];
    const isEveryone = refusals.get(roleId) === 'EVERYONE';
    return [
      ...(role.isManaged ? [managedCheck(name, role)] : []),
      ...(isEveryone ? [everyoneCheck(name)] : []),
      ...(refusals.get(roleId) === 'ABOVE_BOT' ? [aboveCheck(name, role)] : []),
      ...powerCheck(name, role),
    ];
  });
  if (faults.length > 0) return faults;
  return [ok('mapped roles', praise(mapped.length, standing !== null))];
}

function praise(count: number, isStandingKnown: boolean): string {
  if (count === 0) return 'No role is mapped.';
  return isStandingKnown
    ? `All mapped roles (${count}) are below the bot's highest role.`
    : `All mapped roles (${count}) exist.`;
}

function goneCheck(name: string, role: string): Check {
  return failed(name, `The guild no longer has ${role}.`, 'Retire its mappings.');
}

function managedCheck(name: string, role: RoleReading): Check {
  return failed(
    name,
    `The ${named('role', role.roleId, role.name)} is managed: only Discord or an integration can assign it.`,
    'Retire its mappings and map another role.',
  );
}

function everyoneCheck(name: string): Check {
  return failed(
    name,
    'This is @everyone, which all members have anyway.',
    'Retire its mappings and map another role.',
  );
}

function aboveCheck(name: string, role: RoleReading): Check {
  return failed(
    name,
    `The ${named('role', role.roleId, role.name)} is not below the bot's highest role, so the bot cannot assign it.`,
    "In the server settings, drag the bot's role above it.",
  );
}

function powerCheck(name: string, role: RoleReading): readonly Check[] {
  const powers = powersOf(role);
  if (powers.length === 0) return [];
  return [
    warning(
      `power of ${name}`,
      `The ${named('role', role.roleId, role.name)} has ${powers.join(', ')}: adding a person to the group gives them these permissions.`,
      'Remove these permissions from the role, or map a role without them.',
    ),
  ];
}

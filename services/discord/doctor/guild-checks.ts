import { PermissionFlagsBits } from 'discord-api-types/v10';

import { named } from '../../lib/named.js';
import type { DiscordUserId, GuildId, RoleId, RoleRefusal } from '../../model.js';
import type { GuildReading, RoleReading } from '../rest/bot-readings.js';
import { type BotStanding, roleRefusals } from '../rest/hierarchy.js';
import { type Check, failed, ok, warning } from './check.js';

/** The features a client uses, which determine the permissions its bot needs. */
interface Needs {
  readonly hasMappings: boolean;
  readonly hasNicknamePolicy: boolean;
  readonly joinsPeople: boolean;
  readonly isLive: boolean;
}

export function permissionChecks(
  bot: BotPermissions,
  { hasMappings, hasNicknamePolicy, joinsPeople, isLive }: Needs,
): readonly Check[] {
  const manageRoles = permissionCheck('Manage Roles', bot.may('ManageRoles'));
  return [
    // Without mappings the bot does not need Manage Roles yet, so a warning is enough.
    manageRoles.result === 'FAILED' && !hasMappings
      ? { ...manageRoles, result: 'WARNING' }
      : manageRoles,
    ...(hasNicknamePolicy ? [permissionCheck('Manage Nicknames', bot.may('ManageNicknames'))] : []),
    ...(joinsPeople ? [permissionCheck('Create Invite', bot.may('CreateInstantInvite'))] : []),
    ...(isLive ? [auditLogCheck(bot.may('ViewAuditLog'))] : []),
    bot.isAdministrator
      ? warning(
          'permission Administrator',
          'The bot has Administrator, which it does not need.',
          "Remove Administrator from the bot's roles; the permissions in botInviteUrl are enough.",
        )
      : ok('permission Administrator', 'The bot does not have Administrator.'),
  ];
}

function permissionCheck(permission: string, isHeld: boolean): Check {
  const name = `permission ${permission}`;
  if (isHeld) return ok(name, `The bot has the permission ${permission}.`);
  return failed(
    name,
    `None of the bot's roles has the permission ${permission}.`,
    `Grant ${permission} to the bot's role in the server settings; Administrator is not needed.`,
  );
}

/** Everything works without this permission, but nobody is named. */
function auditLogCheck(isHeld: boolean): Check {
  const check = permissionCheck('View Audit Log', isHeld);
  if (isHeld) return check;
  return {
    ...check,
    result: 'WARNING',
    message: `${check.message} The connector sees role changes made on Discord, but not who made them.`,
  };
}

export function twoFactorCheck({ asksForMfa, name: guild }: GuildReading) {
  const name = 'two-factor authentication';
  if (!asksForMfa) {
    return ok(
      name,
      `The guild ${guild} does not require two-factor authentication for moderators.`,
    );
  }
  return warning(
    name,
    `The guild ${guild} requires two-factor authentication for moderators, so the account that owns the application needs it.`,
    'Check that two-factor authentication is on for the account that owns the application. Otherwise Discord refuses every change the bot makes.',
  );
}

/**
 * Discord's limit of roles per guild, error 30005:
 * https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
 */
const MOST_ROLES = 250;
const FEW_LEFT = 10;

export function roleRoomCheck(roles: readonly RoleReading[]): Check {
  const name = 'room for roles';
  const count = roles.length;
  const remedy = 'Delete roles you no longer need.';
  if (count >= MOST_ROLES) {
    return failed(
      name,
      `The guild has ${count} roles and cannot create more. Existing roles still work.`,
      remedy,
    );
  }
  const message = `The guild has ${count} of ${MOST_ROLES} possible roles.`;
  return count >= MOST_ROLES - FEW_LEFT ? warning(name, message, remedy) : ok(name, message);
}

/** The bot's permissions in one guild. */
interface BotPermissions {
  readonly isAdministrator: boolean;
  may(permission: keyof typeof PermissionFlagsBits): boolean;
}

/**
 * Combines the permissions of the bot's roles and @everyone. The owner of a guild has all
 * permissions.
 */
export function botPermissions(
  roles: readonly RoleReading[],
  bot: {
    readonly guildId: GuildId;
    readonly ownerId: DiscordUserId | null;
    readonly botUserId: DiscordUserId;
    readonly botRoleIds: readonly RoleId[];
  },
): BotPermissions {
  // @everyone has the guild's id.
  const everyone: string = bot.guildId;
  const bits = roles
    .filter(({ roleId }) => roleId === everyone || bot.botRoleIds.includes(roleId))
    .reduce((held, { permissions }) => held | BigInt(permissions), 0n);
  const isAdministrator = (bits & PermissionFlagsBits.Administrator) !== 0n;
  const mayAll = isAdministrator || bot.ownerId === bot.botUserId;
  return {
    isAdministrator,
    may: (permission) => mayAll || (bits & PermissionFlagsBits[permission]) !== 0n,
  };
}

/** Returns the role's permissions that could harm the guild, by their names in Discord. */
function powersOf({ permissions }: RoleReading): readonly string[] {
  const bits = BigInt(permissions);
  return POWERS.filter(([, bit]) => (bits & bit) !== 0n).map(([name]) => name);
}

const { Administrator, KickMembers, BanMembers, ModerateMembers } = PermissionFlagsBits;

const POWERS: readonly (readonly [string, bigint])[] = [
  ['Administrator', Administrator],
  ['Manage Server', PermissionFlagsBits.ManageGuild],
  ['Manage Roles', PermissionFlagsBits.ManageRoles],
  ['Manage Channels', PermissionFlagsBits.ManageChannels],
  ['Manage Messages', PermissionFlagsBits.ManageMessages],
  ['Manage Nicknames', PermissionFlagsBits.ManageNicknames],
  ['Manage Webhooks', PermissionFlagsBits.ManageWebhooks],
  ['Manage Threads', PermissionFlagsBits.ManageThreads],
  ['Manage Events', PermissionFlagsBits.ManageEvents],
  ['Manage Expressions', PermissionFlagsBits.ManageGuildExpressions],
  ['Kick Members', KickMembers],
  ['Ban Members', BanMembers],
  ['Timeout Members', ModerateMembers],
];

/**
 * The number of linked people, and how many of them have an unknown membership in a mapped group.
 */
export interface UnknownMemberships {
  readonly linked: number;
  readonly unknown: number;
  /** The platform has sent at least one group, for any community. */
  readonly hasGroups: boolean;
}

export function membershipChecks(memberships: UnknownMemberships): readonly Check[] {
  const { hasGroups } = memberships;
  return [...(hasGroups ? [] : [NO_GROUPS]), membershipCheck(memberships)];
}

const NO_GROUPS = warning(
  'platform groups',
  'The platform has not sent any group yet, so no role can be mapped.',
  'Send the groups with upsertPlatformGroups or platform.group.changed.v1 events, then call createRoleMapping.',
);

function membershipCheck({ linked, unknown }: UnknownMemberships): Check {
  const name = 'known memberships';
  if (unknown === 0) {
    return ok(name, `All memberships of linked people (${linked}) are known.`);
  }
  return warning(
    name,
    `Memberships are unknown for ${unknown} of ${linked} linked people (${percent(unknown, linked)}). An unknown membership neither adds nor removes a role.`,
    "Send a snapshot of each person's memberships: replaceMemberships, or platform.group.membership.snapshot.v1.",
  );
}

function percent(part: number, whole: number): string {
  const share = Math.floor((part * 100) / Math.max(1, whole));
  return share === 0 ? 'less than 1 %' : `${share} %`;
}

/**
 * `standing` is null if the bot's own roles could not be read. It is then unknown which roles are
 * below the bot.
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

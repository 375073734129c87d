import type { GuildReading, RoleReading } from '../rest/bot-readings.js';
import { failed, ok, warning, type Check } from './check.js';
import type { BotPermissions } from './permissions.js';

/** The permissions the bot needs, by what the client uses. */
export interface Needs {
  readonly hasMappings: boolean;
  readonly hasNicknamePolicy: boolean;
  readonly joinsPeople: boolean;
}

export function permissionChecks(
  bot: BotPermissions,
  { hasMappings, hasNicknamePolicy, joinsPeople }: Needs,
): readonly Check[] {
  const manageRoles = permissionCheck('Manage Roles', bot.may('ManageRoles'));
  return [
    // Without a mapping the missing permission blocks nothing yet.
    manageRoles.result === 'FAILED' && !hasMappings
      ? { ...manageRoles, result: 'WARNING' }
      : manageRoles,
    ...(hasNicknamePolicy ? [permissionCheck('Manage Nicknames', bot.may('ManageNicknames'))] : []),
    ...(joinsPeople ? [permissionCheck('Create Invite', bot.may('CreateInstantInvite'))] : []),
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

/** https://docs.discord.com/developers/topics/opcodes-and-status-codes#json, 30005 */
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

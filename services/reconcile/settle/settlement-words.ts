import { named } from '../../lib/named.js';
import type { DiscordUserId, JoinRefusal, RoleId } from '../../model.js';
import type { BlockedRole } from '../plan/plan.js';
import type { MemberFacts } from '../ports.js';
import type { ParkedCause } from '../write/records.js';

export const NOT_LET_IN: Readonly<Record<JoinRefusal, string>> = {
  BANNED: 'the guild has banned the account',
  GUILD_FULL: 'the guild is full',
  USER_GUILD_LIMIT: 'the account is in as many guilds as Discord allows',
  INVALID_TOKEN: 'the person must sign in again to be added to the guild',
  MISSING_PERMISSION: 'the bot cannot add people to the guild: it needs Create Invite',
  REFUSED: 'Discord refused to add the account to the guild',
};

export const IS_BOT = 'the Discord account is a bot, which the connector never changes';

const REFUSALS: Readonly<Record<BlockedRole['refusal'], string>> = {
  EVERYONE: 'is @everyone',
  MANAGED: 'is managed by Discord or an integration',
  ABOVE_BOT: 'is not below the bot',
  MISSING_PERMISSION: 'needs the bot to have Manage Roles',
  UNKNOWN_ROLE: 'no longer exists at Discord',
};

const ENDED_BY: Readonly<Record<BlockedRole['refusal'], string>> = {
  EVERYONE: 'retire its mapping',
  MANAGED: 'retire its mapping, and map the group to a role the bot can assign',
  ABOVE_BOT: "move the bot's role above it in the server settings, then run importDiscordRoles",
  MISSING_PERMISSION: 'grant the bot the permission Manage Roles, then run importDiscordRoles',
  UNKNOWN_ROLE: 'retire its mapping, and map the group to a role that exists',
};

/** Returns why roles of a member could not be granted or removed, and how to fix each cause. */
export function roleCauses(
  blocked: readonly BlockedRole[],
  refused: readonly RoleId[],
  nameRole: (roleId: RoleId) => string,
): readonly ParkedCause[] {
  return [
    ...blocked.map(({ roleId, refusal }) => ({
      cause: `${nameRole(roleId)} ${REFUSALS[refusal]}`,
      endedBy: ENDED_BY[refusal],
    })),
    ...refused.map((roleId) => ({
      cause: `Discord refused ${nameRole(roleId)}`,
      endedBy: 'run checkDiscordClient and follow its advice, then run reconcileDiscordUser',
    })),
  ];
}

/** Returns a function that formats a mapped role as its name and id. */
export function roleNamer({ mappings }: Pick<MemberFacts, 'mappings'>): (roleId: RoleId) => string {
  const names = new Map(mappings.map((each) => [each.roleId, each.roleName]));
  return (roleId) => named('role', roleId, names.get(roleId));
}

/** Returns a function that adds names to the ids in an error text: `add role 12 to member 7`. */
export function textNamer(
  facts: Pick<MemberFacts, 'mappings' | 'mirror'>,
  discordUserId: DiscordUserId,
): (text: string) => string {
  const role = roleNamer(facts);
  const { mirror } = facts;
  const username = mirror?.isPresent === true ? mirror.username : null;
  const member = named('member', discordUserId, username);
  return (text) =>
    text
      .replaceAll(/\brole (\d+)\b/g, (_, roleId: string) => role(roleId))
      .replaceAll(`member ${discordUserId}`, member);
}

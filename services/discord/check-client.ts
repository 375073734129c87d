import { TerminalError } from '../lib/errors.js';
import type { GuildRole, RoleId } from '../model.js';
import type { GuildRef } from '../reconcile/ports.js';
import type { DiscordGateway } from './gateway.js';

/** One thing that was looked at, in words for the admin of a community. */
export interface Check {
  readonly name: string;
  readonly result: 'OK' | 'WARNING' | 'FAILED';
  readonly message: string;
  readonly remedy: string | null;
}

interface CheckRequest {
  readonly discord: Pick<
    DiscordGateway,
    'whoAmI' | 'readGuild' | 'readApplication' | 'readRoles'
  >;
  readonly guild: GuildRef & { readonly applicationId: string };
  readonly mappedRoleIds: readonly RoleId[];
}

/** Asks Discord whether the client is set up as it must be. Later checks are left out where an earlier one makes them moot. */
export async function checkClient({
  discord,
  guild,
  mappedRoleIds,
}: CheckRequest): Promise<readonly Check[]> {
  const token = await attempt(
    'bot token',
    'Copy the token from the Bot page of the application.',
    async () => {
      const { username } = await discord.whoAmI(guild);
      return `Discord knows the bot as ${username}`;
    },
  );
  if (token.result === 'FAILED') return [token];
  const application = await checkApplication(discord, guild);
  const membership = await attempt(
    'bot in guild',
    'Invite the bot with botInviteUrl.',
    async () => {
      const { name } = await discord.readGuild(guild);
      return `the bot is in ${name}`;
    },
  );
  if (membership.result === 'FAILED')
    return [token, ...application, membership];
  return [
    token,
    ...application,
    membership,
    ...(await checkRoles(discord, guild, mappedRoleIds)),
  ];
}

async function checkApplication(
  discord: CheckRequest['discord'],
  guild: CheckRequest['guild'],
): Promise<readonly Check[]> {
  let hasIntent = false;
  const identity = await attempt(
    'application',
    'Use the token and the CLIENT ID of one application.',
    async () => {
      const { applicationId, hasMembersIntent } =
        await discord.readApplication(guild);
      hasIntent = hasMembersIntent;
      if (applicationId === guild.applicationId)
        return `the token belongs to application ${applicationId}`;
      throw new TerminalError(
        'REFUSED',
        `the token belongs to application ${applicationId}, not ${guild.applicationId}`,
      );
    },
  );
  if (identity.result === 'FAILED') return [identity];
  const intent: Check = hasIntent
    ? {
        name: 'server members intent',
        result: 'OK',
        message: 'the bot may list members',
        remedy: null,
      }
    : {
        name: 'server members intent',
        result: 'WARNING',
        message:
          'the bot may not list members, so drift can only be found one member at a time',
        remedy:
          'Switch on SERVER MEMBERS INTENT on the Bot page of the application.',
      };
  return [identity, intent];
}

async function checkRoles(
  discord: CheckRequest['discord'],
  guild: GuildRef,
  mappedRoleIds: readonly RoleId[],
): Promise<readonly Check[]> {
  let roles: readonly GuildRole[] = [];
  const reading = await attempt(
    'roles',
    'Try again; if it lasts, see the log.',
    async () => {
      roles = await discord.readRoles(guild);
      return `the guild has ${roles.length} roles, of which the bot may give ${roles.filter((role) => role.refusal === null).length}`;
    },
  );
  if (reading.result === 'FAILED') return [reading];
  return [
    permissionCheck(roles),
    ...mappedRoleIds.flatMap((roleId) => mappedRoleCheck(roles, roleId)),
  ];
}

function permissionCheck(roles: readonly GuildRole[]): Check {
  const name = 'permission Manage Roles';
  if (roles.some((role) => role.refusal === 'MISSING_PERMISSION')) {
    return {
      name,
      result: 'FAILED',
      message: 'no role of the bot has Manage Roles',
      remedy:
        "Give the permission to the bot's role in the server settings; Administrator is not needed.",
    };
  }
  return { name, result: 'OK', message: 'the bot has it', remedy: null };
}

function mappedRoleCheck(
  roles: readonly GuildRole[],
  roleId: RoleId,
): readonly Check[] {
  const role = roles.find((candidate) => candidate.roleId === roleId);
  const name = `mapped role ${role?.name ?? roleId}`;
  if (role === undefined) {
    return [
      {
        name,
        result: 'FAILED',
        message: 'the guild has no such role',
        remedy: 'Retire its mappings.',
      },
    ];
  }
  if (role.refusal === 'ABOVE_BOT') {
    const remedy = "In the server settings, drag the bot's role above it.";
    return [
      {
        name,
        result: 'FAILED',
        message: "it is not below the bot's highest role",
        remedy,
      },
    ];
  }
  if (role.refusal === 'MANAGED') {
    const remedy =
      'Retire its mappings: Discord or an integration alone gives this role.';
    return [
      {
        name,
        result: 'FAILED',
        message: 'it is managed by Discord or an integration',
        remedy,
      },
    ];
  }
  return [];
}

async function attempt(
  name: string,
  remedy: string,
  ask: () => Promise<string>,
): Promise<Check> {
  try {
    return { name, result: 'OK', message: await ask(), remedy: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { name, result: 'FAILED', message, remedy };
  }
}

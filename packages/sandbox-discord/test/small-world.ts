import { PermissionFlagsBits } from 'discord-api-types/v10';
import { onTestFinished } from 'vitest';

import { createSandboxDiscord } from '../src/sandbox-discord.js';
import type { SandboxDiscordOptions } from '../src/sandbox-interface.js';
import type {
  SandboxApplication,
  SandboxGuild,
  SandboxMember,
  SandboxWorld,
} from '../src/world.js';

export const GUILD = '100000000000000001';
export const APPLICATION = '200000000000000001';
export const BOT = '200000000000000002';
export const OWNER = '300000000000000001';
export const ANNA = '300000000000000002';
export const COUNCILLOR = '300000000000000003';
export const STRANGER = '300000000000000004';
export const NOBODY = '300000000000000999';
/** Members as a moderator names them; the stranger is not in the guild yet. */
export const anna = { guildId: GUILD, discordUserId: ANNA };
export const owner = { guildId: GUILD, discordUserId: OWNER };
export const councillor = { guildId: GUILD, discordUserId: COUNCILLOR };
export const stranger = { guildId: GUILD, discordUserId: STRANGER };
export const theBot = { guildId: GUILD, discordUserId: BOT };
/** Highest first; the bot holds BOT_ROLE, so COUNCIL is out of its reach. */
export const COUNCIL = '400000000000000001';
export const BOT_ROLE = '400000000000000002';
export const PILOT = '400000000000000003';
export const MINER = '400000000000000004';
export const BOOSTER = '400000000000000005';
export const TOKEN = 'bot-token-of-the-small-world';

const { ManageRoles, ManageNicknames, KickMembers, BanMembers } = PermissionFlagsBits;
const { CreateInstantInvite, ChangeNickname, ViewAuditLog } = PermissionFlagsBits;

export const BOT_PERMISSIONS =
  ManageRoles |
  ManageNicknames |
  KickMembers |
  BanMembers |
  CreateInstantInvite |
  ChangeNickname |
  ViewAuditLog;

export type GuildChanges = Partial<SandboxGuild> & { readonly botPermissions?: bigint };

export function smallGuild(changes: GuildChanges = {}): SandboxGuild {
  const { botPermissions = BOT_PERMISSIONS, ...rest } = changes;
  return {
    guildId: GUILD,
    name: 'Small guild',
    ownerId: OWNER,
    roles: [
      { roleId: GUILD, name: '@everyone', position: 0 },
      { roleId: COUNCIL, name: 'Council', position: 5 },
      {
        roleId: BOT_ROLE,
        name: 'Connector',
        position: 4,
        managed: true,
        permissions: String(botPermissions),
        tags: { bot_id: BOT },
      },
      { roleId: PILOT, name: 'Pilot', position: 3, color: 0x3498db },
      { roleId: MINER, name: 'Miner', position: 2 },
      {
        roleId: BOOSTER,
        name: 'Booster',
        position: 1,
        managed: true,
        tags: { premium_subscriber: null },
      },
    ],
    members: [
      { discordUserId: BOT, roleIds: [BOT_ROLE] },
      { discordUserId: OWNER, roleIds: [] },
      { discordUserId: ANNA, roleIds: [PILOT] },
      { discordUserId: COUNCILLOR, roleIds: [COUNCIL, PILOT] },
    ],
    ...rest,
  };
}

export function smallWorld(changes: Partial<SandboxWorld> = {}): SandboxWorld {
  return {
    applications: [
      {
        applicationId: APPLICATION,
        name: 'Connector',
        botUserId: BOT,
        botToken: TOKEN,
      },
    ],
    users: [
      { discordUserId: BOT, username: 'connector', isBot: true },
      { discordUserId: OWNER, username: 'olga' },
      { discordUserId: ANNA, username: 'anna', globalName: 'Anna' },
      { discordUserId: COUNCILLOR, username: 'carl' },
      { discordUserId: STRANGER, username: 'stan', email: 'stan@example.org' },
    ],
    guilds: [smallGuild()],
    ...changes,
  };
}

/** As many more members, without roles. */
export const crowd = (size: number): readonly SandboxMember[] =>
  Array.from({ length: size }, (_, index) => ({
    discordUserId: String(500_000_000_000_000_000n + BigInt(index)),
    roleIds: [],
  }));

/** A second bot, which is not in the guild. */
export const OUTSIDER: SandboxApplication = {
  applicationId: '200000000000000008',
  name: 'Outsider',
  botUserId: STRANGER,
  botToken: 'token-of-the-outsider',
};
export const withOutsider = {
  world: { applications: [...smallWorld().applications, OUTSIDER] },
};

export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  /** The body as an object, and the same as a list: which of them it is, is the tests' business. */
  readonly body: ReplyBody;
  readonly list: readonly ReplyBody[];
  readonly text: string;
};

export type ReplyBody = {
  readonly code: number;
  readonly message: string;
  readonly retry_after: number;
  readonly global: boolean;
  readonly id: string;
  readonly name: string;
  readonly nick: string | null;
  readonly roles: readonly string[];
  readonly flags: number;
  readonly position: number;
  readonly permissions: string;
  readonly joined_at: string;
  readonly email: string;
  readonly user: { readonly id: string };
  readonly audit_log_entries: readonly { readonly id: string }[];
  readonly errors: unknown;
};

/** What is wrong with a field, by its path: `roles.1`. */
export function fieldError(reply: Reply, path: string): unknown {
  let node: unknown = reply.body.errors;
  for (const part of [...path.split('.'), '_errors', '0', 'code'])
    node = Object.entries(node ?? {}).find(([key]) => key === part)?.[1];
  return node;
}

export type Asked = {
  readonly body?: unknown;
  readonly rawBody?: string;
  readonly reason?: string;
  readonly headers?: Record<string, string>;
};

export type StartOptions = Partial<Omit<SandboxDiscordOptions, 'world'>> & {
  /** Replaces parts of the small world. */
  readonly world?: Partial<SandboxWorld>;
  /** Replaces parts of its guild, unless `world` names the guilds. */
  readonly guild?: GuildChanges;
};

export type StartedSandbox = Awaited<ReturnType<typeof startSandbox>>;

/** Starts a sandbox, without limits unless the test sets them, and stops it after the test. */
export async function startSandbox({ world, guild, ...options }: StartOptions = {}) {
  const sandbox = createSandboxDiscord({
    world: smallWorld({ guilds: [smallGuild(guild)], ...world }),
    limits: null,
    ...options,
  });
  const { apiBase, url } = await sandbox.start();
  onTestFinished(() => sandbox.stop());
  /** Calls the API as the bot. A path from `/api` on names its own version. */
  const call = async (method: string, path: string, asked: Asked = {}): Promise<Reply> => {
    const sent = asked.rawBody ?? JSON.stringify(asked.body);
    const response = await fetch(path.startsWith('/api') ? url + path : apiBase + path, {
      method,
      headers: {
        Authorization: `Bot ${TOKEN}`,
        ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(asked.reason === undefined
          ? {}
          : { 'X-Audit-Log-Reason': encodeURIComponent(asked.reason) }),
        ...asked.headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    const body = isJson ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, body, list: body, text };
  };
  return { sandbox, moderator: sandbox.moderator, call, url, apiBase };
}

/** A clock that stands until a test moves it. */
export function standingClock(startMs = 1_700_000_000_000) {
  let now = startMs;
  const clock = () => now;
  const advance = (ms: number) => {
    now += ms;
  };
  return { clock, advance };
}

export const memberPath = (discordUserId: string) => `/guilds/${GUILD}/members/${discordUserId}`;
export const memberRolePath = (discordUserId: string, roleId: string) =>
  `${memberPath(discordUserId)}/roles/${roleId}`;

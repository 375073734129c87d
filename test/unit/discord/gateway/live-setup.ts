import {
  createSandboxDiscord,
  type SandboxDiscord,
  type SandboxDiscordOptions,
  type SandboxGuild,
  type SandboxWorld,
} from 'sandbox-discord';
import { onTestFinished } from 'vitest';

import { createLiveSession } from '../../../../services/discord/gateway/live-session.js';
import type {
  LiveSessionDeps,
  LiveSessionState,
} from '../../../../services/discord/gateway/live-session-deps.js';
import type { LiveEvent, SessionPosition } from '../../../../services/discord/gateway/ports.js';
import { createSessionMemory } from '../../../fakes/live-memory.js';
import { eventually } from '../../../support/eventually.js';
import {
  guild,
  GUILD,
  listeningLogger,
  MEMBER,
  ROLE,
  setUpGateway,
  TOKEN,
} from '../gateway-setup.js';

export const APPLICATION = '100000000000000001';
export const BOT = '500000000000000005';
export const OWNER = '900000000000000009';
export const STRANGER = '910000000000000009';
export const BOT_ROLE = '200000000000000020';
export const member = { guildId: GUILD, discordUserId: MEMBER };
export const stranger = { guildId: GUILD, discordUserId: STRANGER };
export const role = { guildId: GUILD, roleId: ROLE };

const BOT_PERMISSIONS = String((1n << 28n) | (1n << 7n));

export const ourGuild = (guildId = GUILD): SandboxGuild => ({
  guildId,
  name: 'ours',
  ownerId: OWNER,
  roles: [
    { roleId: ROLE, name: 'pilot', position: 1 },
    { roleId: BOT_ROLE, name: 'connector', position: 3, permissions: BOT_PERMISSIONS },
  ],
  members: [
    { discordUserId: OWNER, roleIds: [] },
    { discordUserId: BOT, roleIds: [BOT_ROLE] },
    { discordUserId: MEMBER, roleIds: [] },
  ],
});

const ourWorld = (changes: Partial<SandboxWorld>): SandboxWorld => ({
  applications: [
    { applicationId: APPLICATION, name: 'connector', botUserId: BOT, botToken: TOKEN },
  ],
  users: [
    { discordUserId: BOT, username: 'connector', isBot: true },
    { discordUserId: OWNER, username: 'owner' },
    { discordUserId: MEMBER, username: 'ada', globalName: 'Ada' },
    { discordUserId: STRANGER, username: 'stan' },
  ],
  guilds: [ourGuild()],
  ...changes,
});

type SandboxChanges = Partial<Omit<SandboxDiscordOptions, 'world'>> & {
  readonly world?: Partial<SandboxWorld>;
};

/** Starts a sandbox, and stops it after the test. */
export async function startDiscord({ world = {}, ...options }: SandboxChanges = {}) {
  const sandbox = createSandboxDiscord({ world: ourWorld(world), limits: null, ...options });
  const { apiBase } = await sandbox.start();
  onTestFinished(() => sandbox.stop());
  const { gateway, moderator } = sandbox;
  return { sandbox, gateway, moderator, apiBase };
}

/** Everything that a session reported, in order. */
export type Reported =
  | { readonly kind: 'event'; readonly event: LiveEvent; readonly position: SessionPosition }
  | { readonly kind: 'position'; readonly position: SessionPosition }
  | { readonly kind: 'gap'; readonly reason: string; readonly shardId: number }
  | { readonly kind: 'unreadable'; readonly name: string; readonly reason: string }
  | { readonly kind: 'heartbeat'; readonly latencyMs: number }
  | { readonly kind: 'state'; readonly state: LiveSessionState; readonly shardId: number | null };

export type Memory = ReturnType<typeof createSessionMemory>;

const QUICK = { shortestWaitMs: 20, longestWaitMs: 200, newSessionMs: 20, refusedMs: 600_000 };

/** Starts a session with the REST calls of the service, and stops it after the test. */
export function startSession(
  apiBase: string,
  memory: Memory = createSessionMemory(),
  overrides: Partial<LiveSessionDeps> = {},
) {
  const logs: Record<string, unknown>[] = [];
  const reported: Reported[] = [];
  const { gateway: rest } = setUpGateway(apiBase, { clock: Date.now });
  const session = createLiveSession({
    credentials: { applicationId: APPLICATION, botToken: TOKEN, apiBase },
    readGatewayInformation: () => rest.readGatewayInformation(guild),
    readBotUserId: async () => (await rest.whoAmI(guild)).botUserId,
    memory,
    onEvent: (event, position) => reported.push({ kind: 'event', event, position }),
    onPosition: (position) => reported.push({ kind: 'position', position }),
    onGap: ({ reason, shardId }) => reported.push({ kind: 'gap', reason, shardId }),
    onUnreadable: ({ name, reason }) => reported.push({ kind: 'unreadable', name, reason }),
    onHeartbeat: ({ latencyMs }) => reported.push({ kind: 'heartbeat', latencyMs }),
    onState: (state, shard) =>
      reported.push({ kind: 'state', state, shardId: shard?.shardId ?? null }),
    logger: listeningLogger(logs),
    clock: Date.now,
    random: Math.random,
    timing: QUICK,
    ...overrides,
  });
  session.start();
  onTestFinished(async () => {
    await session.stop();
    await rest.stop();
  });
  return { session, memory, logs, rest, ...readingsOf(reported) };
}

function readingsOf(reported: Reported[]) {
  const ofKind = <Kind extends Reported['kind']>(kind: Kind) =>
    reported.filter((one): one is Extract<Reported, { kind: Kind }> => one.kind === kind);
  const changes = () => ofKind('event').map(({ event }) => event.change);
  const states = () => ofKind('state').map(({ state }) => state);
  const gaps = () => ofKind('gap').map(({ reason }) => reason);
  const sequences = () =>
    reported.flatMap((one) => ('position' in one ? [one.position.sequence] : []));
  const lastPosition = () => {
    const positions = reported.flatMap((one) => ('position' in one ? [one.position] : []));
    const last = positions.at(-1);
    if (!last) throw new Error('the session has no position yet');
    return last;
  };
  const readies = () => states().filter(({ kind }) => kind === 'READY');
  return {
    reported,
    ofKind,
    changes,
    states,
    gaps,
    sequences,
    lastPosition,
    /** Waits until the session was ready so many times. */
    ready: (times = 1) =>
      eventually(() => readies().length >= times, { what: `ready ${times} times` }),
    /** Waits until everything that the sandbox has sent was received. */
    caughtUp: (gateway: SandboxDiscord['gateway']) =>
      eventually(() => gateway.sessions()[0]?.sequence === lastPosition().sequence, {
        what: 'the last event',
      }),
    heard: (kind: string, times = 1) =>
      eventually(() => changes().filter((change) => change.kind === kind).length >= times, {
        what: `${times} times ${kind}`,
      }),
    reached: (kind: LiveSessionState['kind']) =>
      eventually(() => states().at(-1)?.kind === kind, { what: `state ${kind}` }),
  };
}

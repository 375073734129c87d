import { setTimeout as sleep } from 'node:timers/promises';

import type { SandboxDiscord } from 'sandbox-discord';

import type { MembershipEvent, PlatformTopic } from './platform-topic.js';
import type { SoakService } from './soak-service.js';
import { mappedGroup, type StockedMember } from './stock-store.js';

/** What a community and its platform do all day, a little faster. */
export interface SoakLoad {
  start(): void;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
  /** Who was last told to be in the group holds its role, and nobody else does. */
  isInStep(): boolean;
  counts(): { readonly asked: number; readonly faults: number };
  inWords(): string;
}

const EVENTS_A_SECOND = 20;
const REQUESTS_A_SECOND = 6;
/** One event in so many changes the roles of a linked member. */
const CHANGES_IN = 20;
const GROUPS = 5;

interface Deps {
  readonly service: SoakService;
  readonly topic: PlatformTopic;
  readonly discord: SandboxDiscord;
  readonly members: readonly StockedMember[];
}

export function createSoakLoad(deps: Deps): SoakLoad {
  const { service, members } = deps;
  const aim = new AbortController();
  const loops: Promise<void>[] = [];
  const wanted = new Map<string, boolean>();
  let asked = 0;
  let faults = 0;
  let events = 0;
  let turn = 0;

  const ask = async (query: string, variables: object): Promise<void> => {
    asked += 1;
    await service.ask(query, variables).catch((error: unknown) => {
      faults += 1;
      if (faults < 10) console.error(error);
    });
  };
  const every = (ms: number, work: (turn: number) => Promise<void>) => {
    const loop = async () => {
      for (let count = 0; !aim.signal.aborted; count += 1) {
        await work(count);
        await sleep(ms, undefined, { signal: aim.signal }).catch(() => undefined);
      }
    };
    loops.push(loop());
  };
  const member = (index: number): StockedMember => {
    const found = members[index % members.length];
    if (found === undefined) throw new Error('there are no members');
    return found;
  };

  const nextEvent = (): MembershipEvent => {
    events += 1;
    const isLinked = events % CHANGES_IN === 0;
    const place = Math.floor(events / CHANGES_IN);
    const group = place % GROUPS;
    const someone = member(place);
    const key = `${someone.discordUserId} ${group}`;
    const isAdded = wanted.get(key) !== true;
    if (isLinked) wanted.set(key, isAdded);
    return {
      platformUserId: isLinked ? someone.platformUserId : `person-${events % 20_000}`,
      groupId: isLinked ? mappedGroup(group) : `plain-${events % 20}`,
      change: isAdded ? 'added' : 'removed',
      sequence: events,
    };
  };

  const request = async (): Promise<void> => {
    turn += 1;
    const someone = member(turn * 7);
    const { clientId, platformUserId } = someone;
    const request = REQUESTS[turn % REQUESTS.length];
    await ask(request ?? '', {
      clientId,
      platformUserId,
      name: `name-${turn}`,
    });
  };

  return {
    start() {
      every(1_000, async () => deps.topic.send(Array.from({ length: EVENTS_A_SECOND }, nextEvent)));
      every(1_000 / REQUESTS_A_SECOND, request);
      every(60_000, async (count) =>
        ask(START_SWEEP, {
          clientId: member(count * 250).clientId,
          kind: count % 5 === 4 ? 'REMOTE_SYNC' : 'VERIFY_GROUPS',
        }),
      );
      every(30_000, async (count) => plantFault(deps.discord, count));
      every(10_000, async (count) => relink(ask, member(members.length - 1 - (count % 50))));
    },
    async stop() {
      aim.abort();
      await Promise.all(loops);
    },
    isInStep() {
      return [...wanted].every(([key, isWanted]) => {
        const [discordUserId = '', group = '0'] = key.split(' ');
        const of = members.find((each) => each.discordUserId === discordUserId);
        const roleId = of?.guild.roleIds[Number(group)] ?? '';
        const shown = deps.discord.member(of?.guild.guildId ?? '', discordUserId);
        return shown?.roleIds.includes(roleId) === isWanted;
      });
    },
    counts: () => ({ asked, faults }),
    inWords: () =>
      `${events} events (one in ${CHANGES_IN} changes a role), ${asked} requests of ${REQUESTS.length + 3} kinds, a sweep a minute, somebody unlinked and linked again every ten seconds, a fault of Discord every half minute.`,
  };
}

/** Ended and made again; the facts stay. */
async function relink(
  ask: (query: string, variables: object) => Promise<void>,
  { clientId, platformUserId, discordUserId }: StockedMember,
): Promise<void> {
  await ask(LINK, { clientId, platformUserId, discordUserId });
}

const FAULTS = [
  { kind: 'status', status: 503 },
  { kind: 'drop', moment: 'after' },
  { kind: 'sharedLimit', retryAfterMs: 2_000 },
  { kind: 'html', status: 520 },
] as const;

async function plantFault(discord: SandboxDiscord, count: number): Promise<void> {
  const effect = FAULTS[count % FAULTS.length];
  if (effect !== undefined) discord.faults.plant({ effect, times: 2 });
}

const LINK = `mutation ($clientId: ID!, $platformUserId: ID!, $discordUserId: Snowflake!) {
  linkDiscordUser(input: { clientId: $clientId, platformUserId: $platformUserId, discordUserId: $discordUserId }) { discordUser { id } } }`;

const START_SWEEP = `mutation ($clientId: ID!, $kind: SweepKind!) {
  startSweep(input: { clientId: $clientId, kind: $kind }) { sweep { id } } }`;

const REQUESTS: readonly string[] = [
  `query ($clientId: ID!, $platformUserId: ID!) { discordUserByPlatformId(clientId: $clientId, platformUserId: $platformUserId) {
    id state reason roles { name } platformUser { username groups { id } } } }`,
  `query ($clientId: ID!) { discordUsers(clientId: $clientId, first: 50) { nodes { id state roles { name } } } }`,
  `query ($clientId: ID!) { auditRecords(filter: { clientId: $clientId }, first: 50) { nodes { id outcome added { name } causes { id } } } }`,
  `query ($clientId: ID!) { discordClient(id: $clientId) { name pendingMembers health { checks { name result } } } }`,
  `mutation ($platformUserId: ID!, $name: String!) { upsertPlatformUsers(input: { users: [{ id: $platformUserId, username: $name }] }) { counts { applied } } }`,
  `query ($clientId: ID!) { sweeps(clientId: $clientId, first: 20) { nodes { id state checked } } }`,
];

import fc from 'fast-check';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { SandboxDiscord } from 'sandbox-discord';

import { DEMO } from '../../../services/demo/demo-world.js';
import { InputError } from '../../../services/lib/errors.js';
import { cause, link, snapshotOf } from '../../builders/store-world.js';
import {
  startBareGatewayClient,
  type BareGatewayClient,
  type CachedMember,
} from '../../support/bare-gateway-client.js';
import { eventually } from '../../support/eventually.js';
import { mapDemoGroups, SECRETS, startRig, type Rig } from '../../support/rig.js';
import { createMigratedDatabase } from '../../support/store.js';

const { guildId, roles } = DEMO;
const ROLE_IDS = [roles.pilot, roles.director, roles.recruit, '300000000000000002'];
const GROUPS = ['pilots', 'directors', 'recruits'];
const PEOPLE = Array.from({ length: 25 }, (_, index) => `5000000000000000${10 + index}`);

const person = fc.constantFrom(...PEOPLE);
const change = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom('giveRole', 'takeRole'),
      person,
      roleId: fc.constantFrom(...ROLE_IDS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('facts'),
      person,
      groups: fc.subarray(GROUPS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nick'), person, nick: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('leave', 'kick', 'ban'), person }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('join'), person }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('timeOut', 'pass'), person }) },
);
type Change = typeof change extends fc.Arbitrary<infer One> ? One : never;

const CHANGES = 1_000;
/** The same changes every time. */
const SEED = 20_261_130;

test('a live connector and a bare gateway client agree on every member after 1,000 random changes', async () => {
  const { rig, bare, mirror } = await startBoth();
  const { discord } = rig;
  const changes = fc.sample(change, { seed: SEED, numRuns: CHANGES });

  for (const [index, one] of changes.entries()) {
    await make(rig, one);
    if (index === 250) discord.gateway.reconnect();
    if (index === 450) await haveResumed(discord, 1);
    if (index === 450) discord.gateway.cut();
    if (index === 960) await haveResumed(discord, 2);
    if (index === 960) discord.gateway.invalidate({ isResumable: false });
    // Lets the events of some changes arrive one by one, and of others together.
    if (index % 20 === 0) await new Promise(setImmediate);
  }

  await eventually(() => bare.sessions() === 2, { what: 'the bare client began a second session' });
  await eventually(async () => (await stateOf(rig)) === 'CATCHING_UP', { what: 'a gap is open' });
  await eventually(() => closeGap(rig), { what: 'the gap is closed' });
  await rig.quiet();
  await eventually(async () => differences(discord, bare, await mirror()).length === 0, {
    what: 'all three agree',
  }).catch(() => undefined);
  expect(differences(discord, bare, await mirror())).toEqual([]);
});

/** Waits until both are connected, so that the next break reaches both. */
async function haveResumed({ gateway }: SandboxDiscord, times: number): Promise<void> {
  await eventually(
    () => {
      const sessions = gateway.sessions();
      const isReady = sessions.every((each) => each.state === 'connected' && each.resumes >= times);
      return sessions.length === 2 && isReady;
    },
    { what: `both have resumed ${times} times` },
  );
}

/**
 * The second gap within a minute waits for the rest of it, or for the next sweep. A list that lacks
 * many members is believed only when these were read.
 */
async function closeGap(rig: Rig): Promise<boolean> {
  const { store, clientId } = rig;
  if ((await stateOf(rig)) === 'LIVE') return true;
  const sweep = { kind: 'REMOTE_SYNC', dryRun: false, enforceStrategy: null, cause } as const;
  await store.sweeps.startSweep({ clientId, ...sweep }).catch((error: unknown) => {
    if (!(error instanceof InputError) || error.code !== 'CONFLICT') throw error;
  });
  return false;
}

async function stateOf({ store, clientId }: Rig): Promise<string | undefined> {
  return (await store.read.liveOfClients([clientId]))[0]?.state;
}

async function startBoth() {
  const database = await createMigratedDatabase();
  onTestFinished(database.drop);
  const rig = await startRig(database.url, { isLive: true });
  onTestFinished(rig.stop);
  const { store, discord, clientId } = rig;
  await store.clients.updateClient(
    clientId,
    { removalGuard: { minimum: 100_000, percent: 100 } },
    cause,
  );
  for (const discordUserId of PEOPLE) {
    discord.moderator.addUser({ discordUserId, username: `person-${discordUserId}` });
    discord.moderator.join({ guildId, discordUserId });
    await link(store, clientId, discordUserId, discordUserId);
  }
  await mapDemoGroups(rig);
  const { apiBase } = await store.readCredentials(clientId);
  const bare = await startBareGatewayClient({
    url: new URL(apiBase).origin,
    botToken: SECRETS.botToken,
    guildId,
  });
  onTestFinished(bare.stop);
  const direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  onTestFinished(() => direct.end());
  const mirror = async () => readMirror(direct);
  await eventually(async () => (await stateOf(rig)) === 'LIVE', { what: 'the client is live' });
  return { rig, bare, mirror };
}

async function make({ discord, store }: Rig, one: Change): Promise<void> {
  const { moderator } = discord;
  const which = { guildId, discordUserId: one.person };
  if (one.kind === 'facts')
    return void (await store.applyFacts([snapshotOf(one.person, one.groups)]));
  const isPresent = discord.member(guildId, one.person) !== undefined;
  if (one.kind === 'join') {
    if (isPresent) return;
    if (discord.guild(guildId).bans.some(({ discordUserId }) => discordUserId === one.person))
      moderator.unban(which);
    return moderator.join(which);
  }
  if (!isPresent) return;
  switch (one.kind) {
    case 'giveRole':
    case 'takeRole':
      return moderator[one.kind]({ ...which, roleId: one.roleId });
    case 'nick':
      return moderator.setNick({ ...which, nick: one.nick === 0 ? null : `nick ${one.nick}` });
    case 'leave':
    case 'kick':
    case 'ban':
      return moderator[one.kind](which);
    case 'timeOut':
      return moderator.setTimeOut({
        ...which,
        until: new Date(Date.now() + 3_600_000).toISOString(),
      });
    case 'pass':
      return moderator.finishScreening(which);
  }
}

type Members = ReadonlyMap<string, CachedMember>;

/** Without members who are not in the guild. */
async function readMirror(database: pg.Client): Promise<Members> {
  const { rows } = await database.query<{
    id: string;
    roles: readonly string[];
    nickname: string | null;
    pending: boolean;
    until: Date | null;
  }>(`
    select discord_user_id as id, role_ids as roles, nickname, is_pending as pending, timed_out_until as until
    from member where is_present`);
  return new Map(
    rows.map(({ id, roles, nickname, pending, until }) => [
      id,
      {
        roleIds: roles.toSorted(),
        nickname,
        isPending: pending,
        timedOutUntil: until?.toISOString() ?? null,
      },
    ]),
  );
}

function differences(
  discord: SandboxDiscord,
  bare: BareGatewayClient,
  mirror: Members,
): readonly string[] {
  return PEOPLE.flatMap((person) => {
    const member = discord.member(guildId, person);
    const until = member?.communicationDisabledUntil ?? null;
    const truth = member && {
      roleIds: member.roleIds.toSorted(),
      nickname: member.nick,
      isPending: member.pending,
      timedOutUntil: until === null ? null : new Date(until).toISOString(),
    };
    const seen = { discord: truth, bare: bare.members.get(person), mirror: mirror.get(person) };
    const isSame = new Set(Object.values(seen).map((each) => JSON.stringify(each))).size === 1;
    return isSame ? [] : [`${person}: ${JSON.stringify(seen)}`];
  });
}

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { APPLIED, UNCHANGED } from '../../builders/fact-outcomes.js';
import { PATH_TIMING, reconcilePath } from '../../../services/connector/path.js';
import { createDiscordRest } from '../../../services/discord/rest-api.js';
import { createInvalidBudget } from '../../../services/discord/limits/invalid-budget.js';
import { silentLogger } from '../../../services/lib/logger.js';
import type { PlatformFact } from '../../../services/model.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import type { Store } from '../../../services/store/store.js';
import { cause, membership } from '../../builders/store-world.js';
import { takeBackup, type TakenBackup } from '../../support/backup.js';
import { dumpOf } from '../../support/dump.js';
import type { TestDatabase } from '../../support/database.js';
import { patienceMs } from '../../support/eventually.js';
import { noOAuth } from '../../support/no-oauth.js';
import { mapDemoGroups, startRig, type Rig } from '../../support/rig.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

const { accounts, roles, guildId } = DEMO;

let live: TestDatabase;

let rig: Rig;
let backup: TakenBackup;
const ends: (() => Promise<void>)[] = [];

/** The platform's facts since before the backup, as Kafka keeps them. */
let said: PlatformFact[] = [];

beforeEach(async () => {
  live = await createMigratedDatabase();
  rig = await startRig(live.url);
  said = [];
  await mapDemoGroups(rig);
  await rig.store.clients.updateClient(
    rig.clientId,
    { removalGuard: { minimum: 100, percent: 100 } },
    cause,
  );
  for (const name of ['alice', 'bob', 'carol'] as const)
    await rig.store.links.linkMember({
      clientId: rig.clientId,
      platformUserId: name,
      discordUserId: accounts[name],
      cause,
    });
  await say(membership('alice', 'pilots'), membership('bob', 'pilots'));
  await rig.quiet();
  // The backup contains a mark that no worker has processed yet.
  const saying = say(membership('bob', 'directors'));
  backup = await saying.then(async () => takeBackup(live.url));
  await rig.quiet();
  await say(membership('alice', 'pilots', 'removed'));
  await say(membership('carol', 'pilots'));
  await rig.quiet();
});

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await rig.stop();
  await backup.forget();
  await live.drop();
});

async function say(...facts: PlatformFact[]): Promise<void> {
  said.push(...facts);
  await rig.store.applyFacts(facts);
}

/** The restored database, on which only the entry points work so far. */
async function openRestored(): Promise<Store> {
  const other = await backup.restore();
  ends.push(() => other.drop());
  // The process that leased the bots at the time of the backup is gone, so no run waits for its
  // lease.
  const store = await openTestStore(other.url, { isGone: () => true });
  ends.push(() => store.stop());
  await store.migrate();
  rig.discord.calls.reset();
  return store;
}

async function startPath(store: Store): Promise<void> {
  const gateway = createDiscordRest({
    credentials: store.readCredentials,
    budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
    globalRequestsPerSecond: 10_000,
  });
  ends.push(() => gateway.stop());
  const path = reconcilePath(silentLogger, { store, gateway, oauth: noOAuth }, PATH_TIMING);
  await path.start();
  ends.push(() => path.stop());
}

/** Reconciles every member, as the next sweeps would. */
async function lookAtAll(store: Store): Promise<void> {
  for (const name of ['alice', 'bob', 'carol']) {
    const found = await store.read.findLinkByPlatformUser(rig.clientId, name);
    const request = { id: found?.id ?? '', cause, waitMs: patienceMs() };
    expect(await store.links.reconcileMember(request)).toBe('DONE');
  }
}

const pilots = () =>
  (['alice', 'bob', 'carol'] as const).filter((name) =>
    rig.discord.member(guildId, accounts[name])?.roleIds.includes(roles.pilot),
  );

const allRoles = () =>
  Object.values(accounts).map((id) => rig.discord.member(guildId, id)?.roleIds);

const writes = () =>
  rig.discord.calls
    .recent()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`);

describe('a backup taken while work is in progress', () => {
  test('re-grants no role that was removed since, if it is restored by the runbook', async () => {
    const before = allRoles();
    const store = await openRestored();
    await store.applyFacts(said);

    await startPath(store);
    await lookAtAll(store);

    expect(pilots()).toEqual(['bob', 'carol']);
    // The mirror is as old as the backup, so a role that a member holds may be written again, which
    // changes nothing.
    expect(allRoles()).toEqual(before);
    expect(
      writes().filter((call) => call.startsWith('PUT') && call.includes(accounts.alice)),
    ).toEqual([]);
  });

  test('loses no work that was in progress', async () => {
    rig.discord.moderator.takeRole({
      guildId,
      discordUserId: accounts.bob,
      roleId: roles.director,
    });
    const store = await openRestored();
    await store.applyFacts(said);

    await startPath(store);
    await lookAtAll(store);

    expect(rig.rolesOf('bob')).toContain(roles.director);
  });

  test('re-grants roles that were removed since, if it is restored without the replay that the runbook requires', async () => {
    const store = await openRestored();

    await startPath(store);
    await lookAtAll(store);

    expect(pilots()).toContain('alice');
  });

  test('restores every row and continues the sequences', async () => {
    await rig.quiet();
    const before = await dumpOf(live.url);
    const again = await takeBackup(live.url);

    const copy = await again.restore();

    ends.push(() => copy.drop());
    ends.push(() => again.forget());
    // The running process renews its leases meanwhile.
    const isLease = (line: string) => /^(?:bot_lease|worker) /.test(line);
    const lines = (text: string) => new Set(text.split('\n').filter((line) => !isLease(line)));
    expect(lines(await dumpOf(copy.url))).toEqual(lines(before));
    const store = await openTestStore(copy.url, { isGone: () => true });
    ends.push(() => store.stop());
    const newer = membership('carol', 'directors');
    expect(await store.applyFacts([newer])).toEqual([APPLIED]);
  });

  test('treats replayed facts that it already contains as unchanged', async () => {
    const store = await openRestored();
    const known = said.slice(0, 3);

    const outcomes = await store.applyFacts(known);

    expect(outcomes).toEqual([UNCHANGED, UNCHANGED, UNCHANGED]);
  });
});

import { describe, expect, onTestFinished, test } from 'vitest';

import { storedHealth } from '../../services/api/clients/client-health.js';
import { createCheckClient } from '../../services/connector/check-client.js';
import { sweepParts } from '../../services/connector/timed.js';
import { silentLogger } from '../../services/lib/logger.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import { openGateway } from '../support/crash-parts.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import { openTestStore } from '../support/store.js';

const { roles } = DEMO;
const CREW = ['alice', 'bob', 'carol', 'dave'] as const;

const path = usePath();

const linkCrew = async () => {
  for (const name of CREW) await path.link(name);
};

/** Cloudflare answers every call with a ban of 18 hours. */
const ban = () =>
  path.rig().discord.faults.plant({
    effect: { kind: 'cloudflareLimit', retryAfterMs: 66_271_000 },
    times: null,
  });

const grantAll = async () => {
  const { store } = path.rig();
  await store.applyFacts(CREW.map((name) => membership(name, 'pilots')));
};

const sendingCheck = async () => {
  const client = await path.client();
  if (client === undefined) throw new Error('the client is gone');
  return storedHealth(client, new Date()).find(({ name }) => name === 'sending');
};

const isPaused = async () => (await sendingCheck())?.result === 'WARNING';

const holders = () => CREW.filter((name) => path.rig().rolesOf(name)?.includes(roles.pilot));

const check = async () => {
  const { store, gateway, clientId } = path.rig();
  await createCheckClient({ store, gateway }, () => null)(clientId);
};

describe('a ban by Cloudflare', () => {
  test('is shown with its cause and time in the health and in the reason of each waiting member', async () => {
    await linkCrew();
    ban();

    await grantAll();
    await eventually(isPaused);
    await eventually(async () => (await path.stateOf('dave'))?.reason !== null);

    expect(await sendingCheck()).toMatchObject({
      result: 'WARNING',
      message: expect.stringMatching(
        /^Paused since .*Z, next call at .*Z: Cloudflare asked to wait for 18\.4 hours/,
      ),
      remedy: expect.stringContaining('checkDiscordClient'),
    });
    for (const name of CREW)
      expect(await path.stateOf(name)).toEqual({
        state: 'PENDING',
        reason: expect.stringMatching(/^paused, next call at .* UTC: Cloudflare asked to wait/),
      });
    // The refused call, the check that follows it, and the calls in progress at that time.
    expect(path.rig().discord.calls.count()).toBeLessThanOrEqual(8);
  });

  test('that ends early is lifted for all members when a new process starts', async () => {
    await linkCrew();
    const fault = ban();
    await grantAll();
    await eventually(isPaused);

    path.rig().discord.faults.remove(fault);
    await path.rig().restartAll();
    await path.rig().quiet();

    expect(holders()).toEqual(CREW);
    await eventually(async () => !(await isPaused()));
  });

  test('that ends early is lifted for all members when the doctor succeeds', async () => {
    await linkCrew();
    const fault = ban();
    await grantAll();
    await eventually(isPaused);

    path.rig().discord.faults.remove(fault);
    await check();
    await path.rig().quiet();

    expect(holders()).toEqual(CREW);
    await eventually(async () => !(await isPaused()));
  });

  test('ends when another process’s doctor succeeds, even if this process was reconnecting to LISTEN', async () => {
    await linkCrew();
    const fault = ban();
    await grantAll();
    await eventually(isPaused);
    const { discord, clientId } = path.rig();
    const store = await openTestStore(path.databaseUrl());
    const gateway = openGateway(store);
    onTestFinished(async () => {
      await gateway.stop();
      await store.stop();
    });

    discord.faults.remove(fault);
    // Waits until the connections have ended. A process reconnects after a second.
    await path.query(
      `select pg_terminate_backend(pid, 10000) from pg_stat_activity
       where application_name = 'discord-connector listener' and datname = current_database()`,
    );
    await createCheckClient({ store, gateway }, () => null)(clientId);
    await path.rig().quiet();

    expect(holders()).toEqual(CREW);
    await eventually(async () => !(await isPaused()));
  });

  test('continues, and is shown, if the doctor does not succeed', async () => {
    await linkCrew();
    ban();
    await grantAll();
    await eventually(isPaused);

    await check();

    expect(await isPaused()).toBe(true);
    expect(holders()).toEqual([]);
  });

  test('ends when the doctor succeeds with changed credentials', async () => {
    await linkCrew();
    const fault = ban();
    await grantAll();
    await eventually(isPaused);
    const { store, clientId, discord } = path.rig();

    discord.faults.remove(fault);
    const botToken = 'sandbox.bot-token';
    await store.clients.updateClient(clientId, { botToken }, cause);
    await check();
    await path.rig().quiet();

    expect(holders()).toEqual(CREW);
  });

  test('postpones a sweep instead of failing it', async () => {
    await linkCrew();
    const { store, gateway, clientId, discord } = path.rig();
    const fault = ban();
    await grantAll();
    await eventually(isPaused);
    const [runner] = sweepParts(silentLogger, { store, gateway });
    await runner?.start();
    const kind = 'REMOTE_SYNC';
    const { id } = await store.sweeps.startSweep({
      clientId,
      kind,
      dryRun: false,
      enforceStrategy: null,
      cause,
    });
    const sweep = async () => (await store.sweeps.findSweeps([id]))[0];

    await eventually(async () => (await sweep())?.reason !== null);
    expect(await sweep()).toMatchObject({
      state: 'WAITING',
      reason: expect.stringMatching(/^postponed until .*: .*Cloudflare asked/),
    });

    discord.faults.remove(fault);
    await check();
    await eventually(async () => (await sweep())?.state === 'DONE');
    expect(await sweep()).toMatchObject({ reason: null });
    await runner?.stop();
  });
});

test('a disabled client is the reason shown for its waiting members, even if its bot is paused', async () => {
  await linkCrew();
  ban();
  await grantAll();
  await eventually(isPaused);
  const { store, clientId } = path.rig();

  await store.clients.updateClient(clientId, { isEnabled: false }, cause);

  expect(await isPaused()).toBe(true);
  for (const name of CREW)
    expect(await path.stateOf(name)).toEqual({
      state: 'PENDING',
      reason: 'the client is disabled',
    });
});

test('a stored pause stays visible, and mentions the retry only once, even if the doctor requests a call twice', async () => {
  const { store, clientId } = path.rig();
  const until = new Date(Date.now() + 3_600_000);
  await store.saveSending(clientId, {
    cause: 'Cloudflare asked to wait',
    since: new Date(),
    until,
  });
  expect(await store.readUntriedPauses()).toEqual(new Set([clientId]));

  await store.notifyTryNow(clientId);
  await store.notifyTryNow(clientId);

  expect(await store.readUntriedPauses()).toEqual(new Set());
  expect(await sendingCheck()).toMatchObject({
    result: 'WARNING',
    message: expect.stringContaining('Cloudflare asked to wait; retrying one call now'),
  });
  expect(await sendingCheck()).toMatchObject({
    message: expect.not.stringContaining('now; retrying'),
  });
});

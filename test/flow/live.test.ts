import { describe, expect, test, type TestContext } from 'vitest';
import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from '../support/service.js';
import {
  auditRecords,
  createDataFolder,
  demonstrationIsDone,
  holds,
  rolesOf,
} from '../support/story.js';

async function startDemonstration(onTestFinished: TestContext['onTestFinished']) {
  const folder = await createDataFolder();
  onTestFinished(folder.remove);
  const start = async (): Promise<Service> => {
    const service = await startService({ env: { DATA_DIR: folder.path } });
    onTestFinished(service.kill);
    await eventually(() => demonstrationIsDone(service));
    await isLive(service);
    return service;
  };
  return { start, service: await start() };
}

const LiveState = z.object({
  discordClients: z.array(z.object({ liveState: z.object({ state: z.string() }) })),
});

async function liveStateOf(service: Service): Promise<string | undefined> {
  const answer = await service.api('{ discordClients { liveState { state } } }');
  return LiveState.parse(answer).discordClients[0]?.liveState.state;
}

async function isLive(service: Service): Promise<void> {
  await eventually(async () => (await liveStateOf(service)) === 'LIVE', {
    what: 'the client is live',
  });
}

async function onPage(service: Service, action: object): Promise<void> {
  const response = await fetch(`${service.sandboxPage}/sandbox/actions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ guildId: DEMO.guildId, ...action }),
  });
  expect(response.status).toBe(200);
}

const { carol, erin } = DEMO.accounts;
const { pilot, recruit } = DEMO.roles;

describe.concurrent('entry point 4: a change on Discord', () => {
  test('is put right at once, and the record names who made it', async ({
    annotate,
    onTestFinished,
  }) => {
    const { service } = await startDemonstration(onTestFinished);

    await onPage(service, { action: 'giveRole', discordUserId: carol, roleId: pilot });
    const givenAt = Date.now();
    await eventually(async () => !(await holds(service, 'carol', 'pilot')));
    await annotate(`from the hand to the mended role: ${Date.now() - givenAt} ms`);

    await eventually(async () => (await auditRecords(service, 'carol'))[0]?.closedAt !== null);
    const named = async () =>
      (await auditRecords(service, 'carol'))[0]?.causes.some(({ actor }) => actor.includes('Ada'));
    await eventually(async () => (await named()) === true, { what: 'the record names Ada' });
    const [record] = await auditRecords(service, 'carol');
    expect(record).toMatchObject({
      outcome: 'APPLIED',
      added: [],
      removed: [pilot],
      causes: [{ kind: 'DISCORD' }],
    });
    expect(await rolesOf(service, 'carol')).toContain(recruit);
  });

  test('gives roles to a person who joins', async ({ annotate, onTestFinished }) => {
    const { service } = await startDemonstration(onTestFinished);
    await onPage(service, { action: 'join', discordUserId: erin });
    const joinedAt = Date.now();
    await eventually(() => holds(service, 'erin', 'pilot'));

    await annotate(`from the join to the role: ${Date.now() - joinedAt} ms`);
    expect((await auditRecords(service, 'erin'))[0]?.causes).toMatchObject([{ kind: 'DISCORD' }]);
  });

  test('made while the process is down is found at its next start', async ({ onTestFinished }) => {
    const { start, service } = await startDemonstration(onTestFinished);
    await onPage(service, { action: 'takeRole', discordUserId: carol, roleId: recruit });
    await service.kill();

    const second = await start();

    await eventually(() => holds(second, 'carol', 'recruit'));
  });
});

import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test, type TestContext } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from '../support/service.js';
import {
  auditRecords,
  createDataFolder,
  demonstrationIsDone,
  holds,
  recordChange,
} from '../support/story.js';

/**
 * Starts with nothing but a data folder: PostgreSQL, Discord, keys and content come from the
 * sandbox.
 */
async function createStarts(onTestFinished: TestContext['onTestFinished']) {
  const folder = await createDataFolder();
  onTestFinished(folder.remove);
  const start = async (): Promise<Service> => {
    const service = await startService({ env: { DATA_DIR: folder.path } });
    // Cleanups run in reverse order: this one runs before the folder is removed.
    onTestFinished(service.kill);
    return service;
  };
  return { start, folder: folder.path };
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe.concurrent('entry point 2: a mutation, with nothing installed', () => {
  test('adds a role to the member and records why, a second start finds all data, and each stop is clean', async ({
    onTestFinished,
  }) => {
    const { start, folder } = await createStarts(onTestFinished);
    const first = await start();
    await eventually(() => demonstrationIsDone(first));
    const asStranger = first.api('{ discordClients { id } }', {}, 'a guess');
    await expect(asStranger).rejects.toThrow('UNAUTHENTICATED');
    expect(await modeOf(join(folder, 'sandbox-keys.json'))).toBe(0o600);

    await recordChange(first, 'alice', 'directors');
    await eventually(() => holds(first, 'alice', 'director'));

    const firstRecords = await closedRecords(first);
    expect(firstRecords[0]).toMatchObject({
      outcome: 'APPLIED',
      added: [DEMO.roles.director],
      removed: [],
      causes: [{ kind: 'MUTATION', actor: 'sandbox-admin', groupId: 'directors' }],
    });
    // A stop that takes longer than ten seconds exits with code 1.
    expect(await first.stop()).toMatchObject({ code: 0 });

    const second = await start();
    expect(second.key).toBe(first.key);
    expect(await holds(second, 'alice', 'director')).toBe(true);
    expect(await auditRecords(second, 'alice')).toEqual(firstRecords);
    await recordChange(second, 'alice', 'directors', 'REMOVED');
    await eventually(async () => !(await holds(second, 'alice', 'director')));
    expect((await closedRecords(second))[0]?.removed).toEqual([DEMO.roles.director]);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  test('that was answered is not lost, even if the process is killed right after it', async ({
    annotate,
    onTestFinished,
  }) => {
    const { start } = await createStarts(onTestFinished);
    const first = await start();
    await eventually(() => demonstrationIsDone(first));

    await recordChange(first, 'alice', 'directors');
    await first.kill();
    const killedAt = Date.now();
    const second = await start();
    await eventually(() => holds(second, 'alice', 'director'));

    await annotate(`from the crash to the role: ${Date.now() - killedAt} ms`);
    const [record] = await closedRecords(second);
    expect(record).toMatchObject({
      outcome: 'APPLIED',
      added: [DEMO.roles.director],
      causes: [{ kind: 'MUTATION', groupId: 'directors' }],
    });
  });
});

/** Alice's audit records, newest first. A role reaches Discord shortly before its record closes. */
async function closedRecords(service: Service) {
  await eventually(async () =>
    (await auditRecords(service, 'alice')).every((record) => record.closedAt),
  );
  return auditRecords(service, 'alice');
}

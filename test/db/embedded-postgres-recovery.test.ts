import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { isAlive } from '../../services/demo/postgres/processes.js';
import {
  ask,
  createEmbeddedWorld,
  firstLine,
  kill,
  withoutDeathSignal,
  type EmbeddedWorld,
} from '../support/embedded-world.js';
import { soon } from '../support/soon.js';

let world: EmbeddedWorld;

beforeEach(async () => {
  world = await createEmbeddedWorld();
});
afterEach(async () => {
  await world.end();
});

describe('the embedded PostgreSQL', () => {
  test('starts again after its process was killed, and that server has died with it', async () => {
    const child = world.startChild();
    const before = await firstLine(child);
    await ask(before.url, 'create table kept as select 7 as number');
    await kill(child);

    const after = await world.embedded().start();

    expect(await ask(after.url, 'select * from kept')).toEqual([{ number: 7 }]);
    expect(isAlive(before.pid)).toBe(false);
  });

  test('ends the server that a killed process has left running', async () => {
    const child = world.startChild(withoutDeathSignal);
    const before = await firstLine(child);
    await kill(child);
    expect(isAlive(before.pid)).toBe(true);

    const after = await world.embedded().start();

    expect(isAlive(before.pid)).toBe(false);
    expect(after.pid).not.toBe(before.pid);
    expect(await ask(after.url, 'select 1 as it')).toEqual([{ it: 1 }]);
  });

  test('is not misled by a postmaster.pid whose number another program has now', async () => {
    const first = world.embedded();
    await first.start();
    const path = join(world.dataDir, 'cluster', 'postmaster.pid');
    const lines = (await readFile(path, 'utf8')).split('\n').slice(1);
    await first.stop();
    await writeFile(path, [process.pid, ...lines].join('\n'));

    const { url } = await world.embedded().start();

    expect(await ask(url, 'select 1 as it')).toEqual([{ it: 1 }]);
  });

  test('lets one of two into a folder and tells the other who is in it', async () => {
    const results = await Promise.allSettled([world.embedded().start(), world.embedded().start()]);
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toEqual([
      {
        status: 'rejected',
        reason: expect.objectContaining({
          message: expect.stringMatching(`in use by process ${process.pid}`),
        }),
      },
    ]);
  });

  test('tells another process who is in the folder', async () => {
    const child = world.startChild();
    await firstLine(child);

    await expect(world.embedded().start()).rejects.toThrow(`in use by process ${child.pid}`);
  });

  test('begins anew when the first start was killed half-way', async () => {
    const child = world.startChild();
    await soon(async () => {
      const [half] = (await readdir(world.dataDir)).filter((name) =>
        name.startsWith('cluster.new-'),
      );
      expect(await readdir(join(world.dataDir, half ?? '?'))).toContain('base');
    });
    await kill(child);

    const { url } = await world.embedded().start();

    expect(await ask(url, 'select 1 as it')).toEqual([{ it: 1 }]);
    expect(await readdir(world.dataDir)).not.toContainEqual(expect.stringContaining('.new-'));
  });
});

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
  test('starts again after its process was killed, and the old server died with that process', async () => {
    const child = world.startChild();
    const before = await firstLine(child);
    await ask(before.url, 'create table kept as select 7 as number');
    await kill(child);

    const after = await world.embedded().start();

    expect(await ask(after.url, 'select * from kept')).toEqual([{ number: 7 }]);
    expect(isAlive(before.pid)).toBe(false);
  });

  test('stops the server that a killed process left running', async () => {
    const child = world.startChild(withoutDeathSignal);
    const before = await firstLine(child);
    await kill(child);
    expect(isAlive(before.pid)).toBe(true);

    const after = await world.embedded().start();

    expect(isAlive(before.pid)).toBe(false);
    expect(after.pid).not.toBe(before.pid);
    expect(await ask(after.url, 'select 1 as it')).toEqual([{ it: 1 }]);
  });

  test('starts despite an old postmaster.pid whose process id now belongs to another program', async () => {
    const first = world.embedded();
    await first.start();
    const path = join(world.dataDir, 'cluster', 'postmaster.pid');
    const lines = (await readFile(path, 'utf8')).split('\n').slice(1);
    await first.stop();
    await writeFile(path, [process.pid, ...lines].join('\n'));

    const { url } = await world.embedded().start();

    expect(await ask(url, 'select 1 as it')).toEqual([{ it: 1 }]);
  });

  test('starts only once in a data folder, and names the process that uses it', async () => {
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

  test('names the other process that uses its data folder', async () => {
    const child = world.startChild();
    await firstLine(child);

    await expect(world.embedded().start()).rejects.toThrow(`in use by process ${child.pid}`);
  });

  test('starts over when the first start was killed half-way', async () => {
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

import { mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { startSandbox } from '../../../services/demo/sandbox.js';
import { writeWhole } from '../../../services/demo/whole-file.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'damaged-'));
});
afterEach(async () => rm(dataDir, { recursive: true }));

const start = () =>
  startSandbox({
    dataDir,
    port: 0,
    host: '127.0.0.1',
    needsDatabase: false,
    logger: silentLogger,
  });

/** Both files as a sandbox leaves them. */
async function startOnce() {
  const sandbox = await start();
  sandbox.registerCallback('http://127.0.0.1:4000');
  await sandbox.stop();
  return sandbox.secrets;
}

const DAMAGES: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  [
    'cut off in the middle',
    async (path) => truncate(path, Math.floor((await stat(path)).size / 2)),
  ],
  ['cut off by one character', async (path) => truncate(path, (await stat(path)).size - 1)],
  ['empty', (path) => truncate(path, 0)],
  ['full of zeros', (path) => writeFile(path, Buffer.alloc(200))],
  ['null', (path) => writeFile(path, 'null')],
  ['a list', (path) => writeFile(path, '[]')],
  ['without its fields', (path) => writeFile(path, '{"guilds":[],"adminKey":"sandbox_x"}')],
];

describe.each([
  ['sandbox-keys.json', /or delete the folder .* Its database and guild are then lost/],
  ['sandbox-discord.json', /Delete it to start again with the demo guild\. .* are lost/],
])('a %s', (name, remedy) => {
  it.each(DAMAGES)('that is %s is named, with the remedy and its cost', async (_, damage) => {
    const secrets = await startOnce();
    const path = join(dataDir, name);
    await damage(path);
    const damaged = await readFile(path);

    const fault = await start().then(
      () => null,
      (error: unknown) => error,
    );

    expect(fault).toBeInstanceOf(Error);
    const said = String(fault);
    expect(said).toContain(`${path} is damaged`);
    expect(said).toMatch(remedy);
    expect(said).not.toContain(secrets.adminKey.slice(0, 20));
    expect(said).not.toContain(secrets.botToken.slice(0, 20));
    expect(await readFile(path)).toEqual(damaged);
  });
});

it('the sandbox starts again with the same keys once the damaged guild file is deleted', async () => {
  const secrets = await startOnce();
  const path = join(dataDir, 'sandbox-discord.json');
  await truncate(path, 10);
  await rm(path);

  const sandbox = await start();
  const { apiBase } = sandbox.client.endpoints;
  const answer = await fetch(`${apiBase}/users/@me`, {
    headers: { authorization: `Bot ${secrets.botToken}` },
  });
  await sandbox.stop();

  expect(sandbox.secrets).toEqual(secrets);
  expect(answer.status).toBe(200);
});

describe('an atomically written file', () => {
  const large = (letter: string) => JSON.stringify(letter.repeat(4_000_000));

  it('is never read incomplete, however many write it at once', async () => {
    const path = join(dataDir, 'world.json');
    await writeWhole(path, large('a'));
    const state = { isOver: false };
    const writing = Promise.all(
      ['b', 'c', 'd', 'e'].map((letter) => writeWhole(path, large(letter))),
    ).finally(() => {
      state.isOver = true;
    });
    const seen: unknown[] = [];
    while (!state.isOver) seen.push(JSON.parse(await readFile(path, 'utf8')));
    await writing;

    expect(seen.length).toBeGreaterThan(0);
    expect(JSON.parse(await readFile(path, 'utf8'))).toHaveLength(4_000_000);
    expect(await readdir(dataDir)).toEqual(['world.json']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('stays unchanged if it cannot be written, and leaves no temporary file', async () => {
    const path = join(dataDir, 'world.json');
    await mkdir(path);

    await expect(writeWhole(path, '{}')).rejects.toThrow();

    expect(await readdir(dataDir)).toEqual(['world.json']);
  });
});

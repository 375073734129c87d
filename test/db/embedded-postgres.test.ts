import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { silentLogger } from '../../services/lib/logger.js';
import { asNobody } from '../../services/demo/postgres/run-as.js';
import { ask, createEmbeddedWorld, isRoot, type EmbeddedWorld } from '../support/embedded-world.js';
import { soon } from '../support/soon.js';

let world: EmbeddedWorld;

beforeEach(async () => {
  world = await createEmbeddedWorld();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await world.end();
});

describe('the embedded PostgreSQL', () => {
  test('starts in an empty folder, on loopback, with a password that only the owner can read', async () => {
    const { url } = await world.embedded().start();

    const [row] = await ask(
      url,
      "select current_database() as database, current_setting('listen_addresses') as listens, current_setting('unix_socket_directories') as sockets",
    );
    expect(row).toEqual({
      database: 'discord_connector',
      listens: '127.0.0.1',
      sockets: '',
    });
    const { password, port } = new URL(url);
    expect(await readFile(join(world.dataDir, 'password'), 'utf8')).toBe(password);
    expect((await stat(join(world.dataDir, 'password'))).mode & 0o777).toBe(0o600);
    const wrong = `postgresql://postgres:wrong@127.0.0.1:${port}/postgres`;
    await expect(ask(wrong, 'select 1')).rejects.toThrow(/password/);
  });

  test('keeps its data and its address across restarts', async () => {
    const first = world.embedded();
    const before = await first.start();
    await ask(before.url, 'create table kept as select 7 as number');
    await first.stop();

    const second = world.embedded();
    const after = await second.start();

    expect(after.url).toBe(before.url);
    expect(await ask(after.url, 'select * from kept')).toEqual([{ number: 7 }]);
  });

  test.each([
    ['lost', (path: string) => rm(path)],
    ['cut off', (path: string) => truncate(path, 20)],
    ['empty', (path: string) => truncate(path, 0)],
  ])('sets a new password when the old one is %s', async (_, damage) => {
    const first = world.embedded();
    const before = await first.start();
    await first.stop();
    await damage(join(world.dataDir, 'password'));
    // A power cut may have emptied the lock and the port too.
    await writeFile(join(world.dataDir, 'lock'), '');
    await writeFile(join(world.dataDir, 'port'), '');

    const { url } = await world.embedded().start();

    expect(url).not.toBe(before.url);
    expect(await ask(url, 'select 1 as it')).toEqual([{ it: 1 }]);
  });

  test('names both versions when the folder belongs to another major version', async () => {
    const first = world.embedded();
    await first.start();
    await first.stop();
    await writeFile(join(world.dataDir, 'cluster', 'PG_VERSION'), '15\n');

    await expect(world.embedded().start()).rejects.toThrow(
      /created by PostgreSQL 15, and the embedded version \d+/,
    );
  });

  test("reports the server's message when it fails to start, and can be started again", async () => {
    await expect(
      world.embedded({ settings: { shared_buffers: 'nonsense' } }).start(),
    ).rejects.toThrow(/shared_buffers/);

    await expect(world.embedded().start()).resolves.toHaveProperty('url');
  });

  test('is not ready before its start, after its stop or after its server died', async () => {
    const server = world.embedded();
    expect(server.ready().ok).toBe(false);

    const { pid } = await server.start();
    expect(server.ready()).toEqual({ ok: true });

    process.kill(pid, 'SIGKILL');
    await soon(() => expect(server.ready().ok).toBe(false));
    await server.stop();
    expect(server.ready().ok).toBe(false);
  });
});

describe('the embedded PostgreSQL started by root', () => {
  beforeEach(({ skip }) => {
    skip(!isRoot, 'these tests are about root, and run as root only');
  });

  test('runs as the user nobody if that user can reach the folder', async ({ skip }) => {
    const probe = ['-r', import.meta.filename];
    const { status } = spawnSync('test', probe, { uid: 65_534, gid: 65_534 });
    skip(status !== 0, 'this checkout lies where only root can reach it');
    const { url } = await world.embedded().start();

    expect((await stat(join(world.dataDir, 'cluster'))).uid).toBe(65_534);
    expect(await ask(url, 'select 1 as it')).toEqual([{ it: 1 }]);
  });

  test('runs in a folder that only root can enter, and keeps its data when the folder becomes accessible', async () => {
    await chmod(world.folder, 0o700);
    const first = world.embedded();
    const closed = await first.start();
    await ask(closed.url, 'create table kept as select 7 as number');
    await first.stop();
    await chmod(world.folder, 0o755);

    const { url } = await world.embedded().start();

    expect(await ask(url, 'select * from kept')).toEqual([{ number: 7 }]);
  });

  test('copies itself to the temporary folder and logs a warning if namespaces are refused too', async () => {
    const temporary = join(world.folder, 'tmp');
    const closed = join(world.folder, 'closed');
    await mkdir(temporary, { mode: 0o755 });
    await mkdir(closed, { mode: 0o700 });
    vi.stubEnv('TMPDIR', temporary);
    const warn = vi.fn();

    const { url } = await world
      .embedded({
        dataDir: join(closed, 'postgres'),
        ways: asNobody,
        logger: Object.assign(Object.create(silentLogger), { warn }),
      })
      .start();

    expect(await ask(url, 'select 1 as it')).toEqual([{ it: 1 }]);
    expect(warn).toHaveBeenCalledWith(
      expect.anything(),
      expect.stringContaining('temporary folder'),
    );
  });
});

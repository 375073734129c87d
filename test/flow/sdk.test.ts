import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from '../support/service.js';
import { auditRecords, createDataFolder, demonstrationIsDone, rolesOf } from '../support/story.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EVENT_HOST = '300000000000000002';
const WISH = ['dave', DEMO.accounts.dave, 'event-hosts', 'Event Host'];

const run = promisify(execFile);

/** Runs npm offline: the package must contain everything it installs. */
const npm = (folder: string, ...words: string[]) =>
  run('npm', [...words, '--offline', '--no-audit', '--no-fund'], {
    cwd: folder,
  });

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

async function pack(into: string): Promise<Packed> {
  const { stdout } = await npm(
    join(ROOT, 'packages/sdk'),
    'pack',
    '--json',
    '--pack-destination',
    into,
  );
  const [packed]: readonly Packed[] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  if (!packed) throw new Error('nothing was packed');
  return packed;
}

describe('the client package that other services install', () => {
  let folder: string;
  let packed: Packed;
  let service: Service;
  const cleanUps: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'discord-connector-sdk-'));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    packed = await pack(folder);
    await cp(join(ROOT, 'examples/service'), folder, { recursive: true });
    await npm(folder, 'install', `./${packed.filename}`);
    const data = await createDataFolder();
    cleanUps.push(data.remove);
    service = await startService({ env: { DATA_DIR: data.path } });
    cleanUps.push(service.kill);
    await eventually(() => demonstrationIsDone(service));
  });

  afterAll(async () => {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  });

  const example = (...words: readonly string[]) =>
    run(process.execPath, ['main.ts', ...words], {
      cwd: folder,
      env: { CONNECTOR_URL: service.address, CONNECTOR_KEY: service.key },
    });

  test('contains everything it needs, and no more', async () => {
    const paths = packed.files.map(({ path }) => path);
    const own = JSON.parse(
      await readFile(join(folder, 'node_modules/discord-connector-client/package.json'), 'utf8'),
    );

    expect(paths.toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'dist/answer.d.ts',
      'dist/answer.js',
      'dist/client.d.ts',
      'dist/client.js',
      'dist/errors.d.ts',
      'dist/errors.js',
      'dist/generated/operations.d.ts',
      'dist/generated/operations.js',
      'package.json',
    ]);
    expect(own.dependencies ?? {}).toEqual({});
  });

  test('provides its types to a service', async () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const flags = '--noEmit --strict --target es2022 --module nodenext --types node';
    const words = [...flags.split(' '), '--typeRoots', join(ROOT, 'node_modules/@types')];

    await run(process.execPath, [tsc, ...words, 'main.ts'], { cwd: folder });
  });

  test('links, maps and reads, and changes nothing the second time', async () => {
    const first = await example(...WISH);
    const records = await auditRecords(service, 'dave');
    const second = await example(...WISH);

    expect(first.stdout).toContain('mapped event-hosts: Event Host\n');
    expect(first.stdout).toContain('state IN_STEP\n');
    expect(first.stdout).toContain('role Event Host\n');
    expect(second.stdout).toBe(first.stdout);
    expect(await rolesOf(service, 'dave')).toContain(EVENT_HOST);
    expect(await auditRecords(service, 'dave')).toEqual(records);
  });

  test('reports errors to a service with code, field and request id', async () => {
    const [user, , ...rest] = WISH;

    const ending = example(user ?? '', 'dave#1234', ...rest);

    await expect(ending).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^BAD_USER_INPUT: .* \(field input\.discordUserId, request [0-9a-f-]{36}\)\n$/,
      ),
    });
  });
});

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { exampleWorld } from '../src/example-world.js';
import { installPackage, runCommand, startCommand, type Installed } from './installed.js';

const ROOT = join(import.meta.dirname, '../../..');
const HOME = 'node_modules/sandbox-discord';
const run = promisify(execFile);

describe('the package, installed into an empty folder', () => {
  let installed: Installed;

  beforeAll(async () => {
    installed = await installPackage();
  });
  afterAll(() => installed?.remove());

  test('contains what it needs and no more', async () => {
    const paths = installed.packed.files.map(({ path }) => path);
    const others = paths.filter((path) => !/^dist\/(gateway\/)?[a-z-]+(\.d\.ts|\.js)$/.test(path));
    const manifest = await readFile(join(installed.folder, HOME, 'package.json'), 'utf8');

    expect(paths).toContain('dist/sandbox-discord.d.ts');
    expect(others.toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'bin/sandbox-discord.js',
      'package.json',
    ]);
    expect(Object.keys(JSON.parse(manifest).dependencies)).toEqual([
      'discord-api-types',
      'ws',
      'zod',
    ]);
  });

  test('starts with one command and serves the REST client of discord.js', async ({
    onTestFinished,
  }) => {
    const command = await startCommand(installed.folder, '--port', '0');
    onTestFinished(async () => void (await command.stop()));
    const said = (name: string) =>
      new RegExp(`${name} +(\\S+)`).exec(command.printed())?.[1] ?? `${name} is missing`;
    const guildId = said('Guild');
    const alice = /(\d+) {2}alice/.exec(command.printed())?.[1] ?? '';
    const moderator = /(\d+) {2}Moderator/.exec(command.printed())?.[1] ?? '';
    const rest = new REST({ api: said('REST API'), retries: 0 }).setToken(said('Bot token'));
    onTestFinished(() => {
      rest.clearHandlerSweeper();
      rest.clearHashSweeper();
    });

    await rest.put(Routes.guildMemberRole(guildId, alice, moderator), { reason: 'a try' });

    expect(await rest.get(Routes.user())).toMatchObject({ id: said('Bot user'), bot: true });
    expect(await rest.get(Routes.guildMember(guildId, alice))).toMatchObject({
      user: { username: 'alice' },
      roles: expect.arrayContaining([moderator]),
    });
    expect(await (await fetch(said('Page'))).text()).toContain('<html');
    expect(await command.stop()).toBe(0);
  });

  test('plays the world of a file', async ({ onTestFinished }) => {
    const world = exampleWorld();
    const guilds = world.guilds.map((guild) => ({ ...guild, name: 'Guild of a file' }));
    const file = join(installed.folder, 'world.json');
    await writeFile(file, JSON.stringify({ ...world, guilds }));

    const command = await startCommand(installed.folder, '--port', '0', '--world', file);
    onTestFinished(async () => void (await command.stop()));

    expect(command.printed()).toContain('Guild of a file');
  });

  test.each([
    ['a port that is none', ['--port', 'eighty'], '--port must be a number'],
    ['an unknown option', ['--prot', '80'], "Unknown option '--prot'"],
    ['a world that is none', ['--world', 'package.json'], 'package.json is not a world:\n  appl'],
    ['a world that is not there', ['--world', 'nothing.json'], 'cannot read --world: ENOENT'],
    ['a host that is none', ['--host', '192.0.2.1'], 'cannot listen on --host 192.0.2.1'],
  ])('refuses %s in one sentence', async (_, words, sentence) => {
    const { code, stdout, stderr } = await runCommand(installed.folder, ...words);

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`sandbox-discord: ${sentence}`);
    expect(stderr).not.toContain(' at ');
  });

  test('does what the example in its README shows', async () => {
    const readme = await readFile(join(installed.folder, HOME, 'README.md'), 'utf8');
    const [, example = ''] = /^```ts\n(.+?)^```/ms.exec(readme) ?? [];
    await writeFile(join(installed.folder, 'example.test.mts'), example);

    const { stdout } = await run(process.execPath, ['--test', 'example.test.mts'], {
      cwd: installed.folder,
    });

    expect(stdout).toContain('the bot tries again after a 503');
    expect(stdout).toMatch(/pass 1\b/);
  });

  test('gives its types to a strict program', async () => {
    const program = `
      import { createSandboxDiscord, type SandboxFault, type SandboxWorld } from 'sandbox-discord';
      const world: SandboxWorld = { applications: [], users: [], guilds: [] };
      const fault: SandboxFault = { effect: { kind: 'status', status: 503 } };
      const discord = createSandboxDiscord({ world, limits: null });
      discord.faults.plant(fault);
      const port: number = (await discord.start()).port;
      // @ts-expect-error: what it has no type for would pass.
      const wrong: string = port;
      export { wrong };`;
    await writeFile(join(installed.folder, 'program.mts'), program);
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const flags = '--noEmit --strict --target es2023 --module nodenext --types node';
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types')];

    await run(process.execPath, [tsc, ...flags.split(' '), ...types, 'program.mts'], {
      cwd: installed.folder,
    });
  });
});

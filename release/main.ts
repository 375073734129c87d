import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { z } from 'zod';

/**
 * Makes dist-release/ from a clean checkout: the service as an archive, the SDK and the sandbox
 * Discord as packages, the list of their contents (CycloneDX), the licences, and the digests of all
 * of them. Refuses a tree
 * with changes, a licence that is not allowed, and content with a known vulnerability.
 */
const root = join(import.meta.dirname, '..');
const into = join(root, 'dist-release');

const Package = z.object({ version: z.string() });
const { version } = Package.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
const name = `discord-connector-${version}`;

await step('a clean tree', async () => {
  const changes = await read('git', ['status', '--porcelain']);
  if (changes !== '') throw new Error(`there are changes:\n${changes}`);
});
await step('the packages of the lock file', async () => {
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  await read('npm', ['ls', '--all']);
});
await step('known faults in what goes out', async () => {
  if (process.argv.includes('--no-audit'))
    process.stdout.write('NOT ASKED FOR: ask a registry that answers\n');
  else await run('npm', ['audit', '--omit=dev', '--audit-level=moderate']);
});
await step('licences', async () => {
  await run('npm', ['run', '--silent', 'licences', '--', '--check']);
});
await step('the build', async () => {
  await rm(into, { recursive: true, force: true });
  const sandbox = 'packages/sandbox-discord';
  const built = ['dist', `${sandbox}/dist`];
  for (const folder of built) await rm(join(root, folder), { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  await run('npm', ['run', '--silent', 'build']);
  for (const folder of built) await rm(join(root, folder, '.tsbuildinfo'));
  const own = ['package.json', 'bin', 'README.md', 'LICENSE'].map((path) => `${sandbox}/${path}`);
  const files = [...built, ...own, 'schema', 'package.json', 'package-lock.json'];
  const papers = ['LICENSE', 'CHANGELOG.md', 'README.md', 'SECURITY.md', '.npmrc', 'ops', 'docs'];
  const archive = join(into, `${name}.tar.gz`);
  await run('tar', ['czf', archive, ...files, ...papers]);
});
await step('the SDK and the sandbox Discord', async () => {
  const folders = ['./packages/sdk', './packages/sandbox-discord'];
  await run('npm', ['pack', ...folders, '--pack-destination', into, '--silent']);
});
await step('the list of what is inside', async () => {
  const words = ['sbom', '--sbom-format=cyclonedx', '--omit=dev'];
  const sbom = await read('npm', [...words, '--package-lock-only']);
  await writeFile(join(into, `${name}.cdx.json`), sbom);
  const list = join(root, 'release', 'licences.md');
  await cp(list, join(into, 'licences.md'));
});
await step('digests', async () => {
  const files = (await read('ls', [into])).trim().split('\n');
  const lines = await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(into, file));
      return `${createHash('sha256').update(bytes).digest('hex')}  ${file}\n`;
    }),
  );
  await writeFile(join(into, 'SHA256SUMS'), lines.join(''));
});
process.stdout.write(`\ndist-release/ holds ${name}\n`);

async function step(what: string, work: () => Promise<void>): Promise<void> {
  process.stdout.write(`== ${what}\n`);
  await work();
}

async function run(
  command: string,
  words: readonly string[],
  output: 'inherit' | 'pipe' = 'inherit',
): Promise<string> {
  const child = spawn(command, words, {
    cwd: root,
    stdio: ['ignore', output, 'inherit'],
  });
  const parts: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => parts.push(bytes));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${String(code)}`);
  return Buffer.concat(parts).toString();
}

async function read(command: string, words: readonly string[]): Promise<string> {
  return run(command, words, 'pipe');
}

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { silentLogger } from '../../services/lib/logger.js';
import { createEmbeddedPostgres } from '../../services/demo/embedded-postgres.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/service.js';
import { buildImage, type Image } from './build-image.js';

/**
 * Checks the Dockerfile as far as possible without a container engine. It runs the steps in clean
 * folders, starts the result as the image's user on read-only files, runs its health check, and
 * stops it.
 */
const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const said = (words: string) => process.stdout.write(`${words}\n`);
const isRoot = process.getuid?.() === 0;

const folder = await mkdtemp(join(tmpdir(), 'discord-connector-image-'));
await chmod(folder, 0o755);
const ownNode = join(folder, 'node');
const postgres = createEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  logger: silentLogger,
});
try {
  const binaries = dirname(process.execPath);
  // The image's user may not be allowed to read this user's folders.
  await copyFile(process.execPath, ownNode);
  const image = await buildImage({ context: root, into: folder, binaries });
  const size = await run('du', ['-sm', image.root]);
  said(`the image adds ${size.stdout.split('\t')[0]} MB to its base`);
  if (!/^[1-9]\d*(:\d+)?$/.test(image.user))
    throw new Error(`USER ${image.user} is not another's number`);
  await run('chmod', ['-R', 'a-w', join(image.root, image.workdir)]);
  const { url } = await postgres.start();
  const secrets = {
    DATABASE_URL: url,
    ENCRYPTION_KEYS: `first:${randomBytes(32).toString('base64')}`,
    API_KEYS: `site:discord:admin:${'ab'.repeat(32)}`,
  };
  await tryOut(image, 'all parts', secrets);
  for (const PARTS of ['api', 'sweeps', 'reconcile', 'reconcile,sweeps'])
    await tryOut(image, `PARTS=${PARTS}`, { ...secrets, PARTS });
  await tryOut(image, 'the sandbox', {
    NODE_ENV: 'development',
    SANDBOX: 'true',
    SANDBOX_PORT: String(await freePort()),
    DATABASE_URL: url,
    DATA_DIR: await volumeOf(image),
  });
} finally {
  await postgres.stop();
  await run('chmod', ['-R', 'u+w', folder]);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function tryOut(
  image: Image,
  what: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const PORT = String(await freePort());
  const env = { ...image.env, ...settings, PORT };
  const child = start(image, image.cmd, env);
  const lines: Buffer[] = [];
  for (const output of [child.stdout, child.stderr])
    output?.on('data', (bytes: Buffer) => lines.push(bytes));
  const told = () => Buffer.concat(lines).toString();
  try {
    await eventually(() => isReady(PORT, child));
    const check = start(image, image.healthcheck, env);
    const [health] = await once(check, 'exit');
    if (health !== 0) throw new Error(`its health check answers ${health}`);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`told to stop it ends with ${code}`);
    said(`${what}: ready, healthy, stopped`);
  } catch (error) {
    throw new Error(`${what}: ${String(error)}\n${told()}`, { cause: error });
  } finally {
    child.kill('SIGKILL');
  }
}

async function isReady(port: string, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
  const url = `http://127.0.0.1:${port}/health/ready`;
  const answer = await fetch(url).catch(() => null);
  return answer?.status === 200;
}

/**
 * Starts a command as the image's user if this script runs as root, else as the present user, who
 * cannot write to the read-only files either.
 */
function start(
  image: Image,
  [command = '', ...words]: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const node = command === 'node' ? ownNode : command;
  const [uid = '', gid = uid] = image.user.split(':');
  const as = ['--reuid', uid, '--regid', gid, '--clear-groups'];
  const bounds = [...as, '--no-new-privs', '--bounding-set=-all', '--'];
  const line = isRoot ? ['setpriv', ...bounds, node, ...words] : [node, ...words];
  const [file = '', ...args] = line;
  const cwd = join(image.root, image.workdir);
  const { PATH = '' } = process.env;
  return spawn(file, args, { cwd, env: { ...env, PATH } });
}

/** The folder that an engine would mount as the sandbox's volume. */
async function volumeOf(image: Image): Promise<string> {
  const volume = join(folder, 'volume');
  await mkdir(volume, { mode: 0o700 });
  if (isRoot) await run('chown', [image.user, volume]);
  return volume;
}

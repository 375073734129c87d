import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const pomFile = join(import.meta.dirname, 'pom.xml');

export interface KafkaArtefacts {
  readonly version: string;
  /** For `java -cp`. */
  readonly classPath: string;
  /** A formatted, empty log folder of node 1, to be copied: formatting takes a second. */
  readonly storage: string;
}

/** Why there is no Kafka to be had from Java here, in one line. */
export class NoKafkaError extends Error {}

/**
 * The official artefacts, fetched once into a cache outside the tree. The folder appears under its
 * name only when it is complete, so of two that fetch at once the second throws its own away.
 */
export async function ensureKafkaArtefacts(): Promise<KafkaArtefacts> {
  await refuseOldJava();
  const pom = await readFile(pomFile, 'utf8');
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1] ?? '';
  const cache = join(cacheRoot(), 'discord-connector');
  const home = join(cache, `kafka-${version}`);
  const artefacts = artefactsIn(home, version);
  if (existsSync(home)) return artefacts;

  await mkdir(cache, { recursive: true });
  const half = await mkdtemp(`${home}.new-`);
  try {
    await fetchInto(half);
    await format(artefactsIn(half, version), half);
    await rename(half, home);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
  return artefacts;
}

function artefactsIn(home: string, version: string): KafkaArtefacts {
  return {
    version,
    classPath: join(home, 'libs', '*'),
    storage: join(home, 'storage'),
  };
}

function cacheRoot(): string {
  return process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
}

async function refuseOldJava(): Promise<void> {
  const { stderr } = await run('java', ['-version']).catch(() => {
    throw new NoKafkaError('no java');
  });
  const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
  if (!(major >= 17)) throw new NoKafkaError('java is older than 17');
}

async function fetchInto(half: string): Promise<void> {
  const goal = 'dependency:copy-dependencies';
  const target = `-DoutputDirectory=${join(half, 'libs')}`;
  const args = ['-q', '-B', '-f', pomFile, goal, target];
  // Once more, because a network may stutter; what came the first time is kept by Maven.
  const attempt = async () => run('mvn', args, { timeout: 300_000 });
  await attempt()
    .catch(attempt)
    .catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      const isMissing = text.includes('ENOENT');
      throw new NoKafkaError(isMissing ? 'no mvn' : `mvn failed: ${text}`);
    });
}

async function format(artefacts: KafkaArtefacts, half: string): Promise<void> {
  const config = join(half, 'format.properties');
  await writeFile(
    config,
    [
      'process.roles=broker,controller',
      'node.id=1',
      'controller.quorum.voters=1@127.0.0.1:9093',
      'controller.listener.names=CONTROLLER',
      'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
      `log.dirs=${artefacts.storage}`,
    ].join('\n'),
  );
  const clusterId = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
  await run('java', [
    '-cp',
    artefacts.classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId.toString('base64url'),
    '-c',
    config,
  ]);
}

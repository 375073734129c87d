import { once } from 'node:events';
import { cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';

import { ensureKafkaArtefacts, type KafkaArtefacts } from './kafka/artefacts.js';
import { endChild, spawnBound } from './spawn-bound.js';

const START_LIMIT_MS = 60_000;

/**
 * A real Apache Kafka of one node on loopback, whose outages a test can cause: address and data
 * outlive them.
 */
export interface KafkaNode {
  /** For kafkajs and for KAFKA_BROKERS: `127.0.0.1:port`. */
  readonly brokers: string;
  /** Again, after `stop` or `kill`. */
  start(): Promise<void>;
  /** An orderly shutdown. */
  stop(): Promise<void>;
  /** A crash. */
  kill(): Promise<void>;
  /** Holds the process still: connections stay open and nobody answers. */
  freeze(): void;
  thaw(): void;
  /** The end of it, data and all. */
  close(): Promise<void>;
}

/** Rejects with NoKafkaError where Java or the artefacts are not to be had. */
export async function startKafka(): Promise<KafkaNode> {
  const artefacts = await ensureKafkaArtefacts();
  const folder = await mkdtemp(join(tmpdir(), 'discord-connector-kafka-'));
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const config = join(folder, 'server.properties');
  const data = join(folder, 'data');
  await cp(artefacts.storage, data, { recursive: true });
  await writeFile(config, properties({ port, controllerPort, data }));

  let child: ChildProcess | undefined;
  const start = async () => {
    child = await launch(artefacts, config, join(folder, 'kafka.log'));
  };
  const end = async (limitMs: number) => {
    if (child) await endChild(child, limitMs);
    child = undefined;
  };
  const close = async () => {
    await end(0);
    await rm(folder, { recursive: true, force: true });
  };
  await start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    brokers: `127.0.0.1:${port}`,
    start,
    stop: async () => end(10_000),
    kill: async () => end(0),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    close,
  };
}

async function launch(
  artefacts: KafkaArtefacts,
  config: string,
  logFile: string,
): Promise<ChildProcess> {
  const log = await open(logFile, 'w');
  const child = await spawnBound(
    [
      'java',
      '-Xms128m',
      '-Xmx384m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1', // quick to start; a test's broker never lives long enough for the better compiler
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
      '-cp',
      artefacts.classPath,
      'kafka.Kafka',
      config,
    ],
    { stdio: ['ignore', log.fd, log.fd], detached: true },
  );
  await log.close();
  const spawnError = once(child, 'error').then(([error]) => String(error));
  let failure: string | undefined;
  void spawnError.then((error) => (failure = error));
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const said = await readFile(logFile, 'utf8');
    if (said.includes('Kafka Server started')) return child;
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (isOver || failure !== undefined || Date.now() > deadline) {
      await endChild(child, 0);
      throw new Error(`Kafka did not start: ${failure ?? ''} ${said.slice(-2_000)}`);
    }
    await delay(50);
  }
}

function properties(options: {
  readonly port: number;
  readonly controllerPort: number;
  readonly data: string;
}): string {
  const { port, controllerPort, data } = options;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    `log.dirs=${data}`,
    // The inner topics' defaults are for three brokers.
    'offsets.topic.num.partitions=1',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.num.partitions=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    // Groups form at once, and a dead member may be missed within half a second.
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=500',
    // After a crash the node waits for its own former session to end; the default is nine seconds.
    'broker.session.timeout.ms=2000',
    'broker.heartbeat.interval.ms=400',
  ].join('\n');
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      return typeof address === 'object' ? (address?.port ?? 0) : 0;
    }),
  );
  for (const server of servers) server.close();
  return ports;
}

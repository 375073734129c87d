import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const IMAGE = 'apache/kafka:4.4.0'; // the version in pom.xml
const START_LIMIT_MS = 60_000;

/** Kafka's own image, for machines with a container engine: the plain command, no library. */
export async function startContainerKafka(): Promise<{
  readonly brokers: string;
  readonly close: () => Promise<void>;
}> {
  const port = await freePort();
  const settings = {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:9093`,
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9093',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '500',
  };
  const { stdout } = await run('docker', [
    'run',
    '--detach',
    '--rm',
    '--publish',
    `127.0.0.1:${port}:${port}`,
    ...Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    IMAGE,
  ]);
  const id = stdout.trim();
  const close = async () => void (await run('docker', ['rm', '--force', id]));
  try {
    await waitForStart(id);
  } catch (error) {
    await close();
    throw error;
  }
  return { brokers: `127.0.0.1:${port}`, close };
}

async function waitForStart(id: string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const { stdout, stderr } = await run('docker', ['logs', id]);
    if (stdout.includes('Kafka Server started')) return;
    if (Date.now() > deadline) {
      throw new Error(`not started: ${(stdout + stderr).slice(-1_000)}`);
    }
    await delay(200);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import type { TestProject } from 'vitest/node';

import { startContainerKafka } from './kafka/container.js';
import { NoKafkaError } from './kafka/artefacts.js';
import { startKafka } from './kafka-node.js';
import { endChild, spawnBound } from './spawn-bound.js';

const run = promisify(execFile);

export interface TestBroker {
  readonly brokers: string;
  /**
   * `mock` is librdkafka's: it knows no CreateTopics, and a left group is slow to join again. The
   * others are Kafka.
   */
  readonly kind: 'given' | 'container' | 'java' | 'mock';
}

export type ProvidedBroker = TestBroker | { readonly reason: string };

type Started = TestBroker & { readonly close: () => Promise<void> };

/**
 * One broker for the whole run, started by the first project that needs it (see postgres.setup.ts).
 * REQUIRE_BROKER=1 makes anything less than a real Kafka a failure.
 */
export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const root = project.vitest.getRootProject();
  if ('broker' in root.getProvidedContext()) return undefined;

  const reasons: string[] = [];
  const started = await firstBroker(reasons);
  const isReal = started !== undefined && started.kind !== 'mock';
  if (process.env['REQUIRE_BROKER'] === '1' && !isReal) {
    await started?.close();
    throw new Error(`REQUIRE_BROKER: no real Kafka: ${reasons.join('; ')}`);
  }
  if (!started) {
    const reason = `no broker: ${reasons.join('; ')}`;
    console.log(`The tests against a broker do not run: ${reason}`);
    root.provide('broker', { reason });
    return undefined;
  }
  const { brokers, kind, close } = started;
  root.provide('broker', { brokers, kind });
  return close;
}

async function firstBroker(reasons: string[]): Promise<Started | undefined> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) {
    return { brokers: given, kind: 'given', close: async () => undefined };
  }
  return (await tryContainer(reasons)) ?? (await tryJava(reasons)) ?? (await tryMock(reasons));
}

async function tryContainer(reasons: string[]): Promise<Started | undefined> {
  try {
    await run('docker', ['info'], { timeout: 5_000 });
  } catch {
    reasons.push('no container engine');
    return undefined;
  }
  try {
    return { ...(await startContainerKafka()), kind: 'container' };
  } catch (error) {
    reasons.push(`container failed: ${String(error)}`);
    return undefined;
  }
}

async function tryJava(reasons: string[]): Promise<Started | undefined> {
  try {
    const node = await startKafka();
    const close = async () => node.close();
    return { brokers: node.brokers, close, kind: 'java' };
  } catch (error) {
    if (!(error instanceof NoKafkaError)) throw error;
    reasons.push(error.message);
    return undefined;
  }
}

/** Debian's kcat carries librdkafka's mock cluster; the consumer only keeps it alive. */
async function tryMock(reasons: string[]): Promise<Started | undefined> {
  const child = await spawnBound(
    ['kcat', '-C', '-q', '-b', 'mock', '-t', 'keepalive', '-X', 'test.mock.num.brokers=1'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const found = Promise.withResolvers<string | undefined>();
  void once(child, 'exit').then(
    () => found.resolve(undefined),
    () => found.resolve(undefined), // no setpriv and no kcat
  );
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const brokers = /replaced with (\S+)/.exec(line)?.[1];
      if (brokers !== undefined) found.resolve(brokers);
    });
  }
  const brokers = await found.promise;
  if (brokers === undefined) {
    reasons.push('no kcat');
    return undefined;
  }
  return { brokers, kind: 'mock', close: async () => endChild(child, 1_000) };
}

/**
 * Implements the Kafka port (see kafka-port.ts) with kafkajs.
 * In: broker addresses and credentials. Out: a port with one connection for producing and one for
 * each consumption.
 * Never: kafkajs committing offsets by itself, or printing to the console.
 */
import { createRequire } from 'node:module';

import { Kafka, type LogEntry, logLevel, type SASLOptions } from 'kafkajs';

import type { Logger } from '../../lib/logger.js';
import type { KafkaPort } from './kafka-port.js';
import { registerCodecs } from './kafkajs-codecs.js';
import { openConsumption, type SessionSettings } from './kafkajs-consumption.js';
import { createProducing } from './kafkajs-producing.js';

interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

interface KafkaJsDeps {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl: boolean;
  readonly sasl?: KafkaSasl;
  readonly logger: Logger;
  readonly clock: () => Date;
  readonly session?: SessionSettings;
}

/**
 * Few retries, because the callers handle long outages: unlike kafkajs, the callers can be stopped,
 * and report what they are waiting for.
 */
const SHORT_RETRY = { retries: 3, initialRetryTime: 200, maxRetryTime: 2_000 };

export function createKafkaJs(deps: KafkaJsDeps): KafkaPort {
  const { logger, clock, session } = deps;
  guardIdleConnections();
  registerCodecs();
  // kafkajs remembers committed offsets per client. Each consumer gets a new client, so that it
  // does not start from the offsets of a crashed consumer.
  const newClient = () =>
    new Kafka({
      brokers: [...deps.brokers],
      clientId: deps.clientId,
      ssl: deps.ssl,
      ...(deps.sasl && { sasl: saslOptions(deps.sasl) }),
      connectionTimeout: 3_000,
      requestTimeout: 15_000,
      retry: SHORT_RETRY,
      logLevel: logLevel.INFO,
      logCreator: () => logTo(logger),
    });
  const producing = createProducing(newClient());

  return {
    consume: (options) =>
      openConsumption({
        kafka: newClient(),
        retry: SHORT_RETRY,
        options,
        clock,
        ...(session && { session }),
      }),
    produce: producing.produce,
    health: () => producing.health(),
    close: async () => producing.close(),
  };
}

function saslOptions(sasl: KafkaSasl): SASLOptions {
  const { mechanism, username, password } = sasl;
  // one literal per mechanism, because kafkajs types them as a discriminated union
  if (mechanism === 'plain') return { mechanism, username, password };
  if (mechanism === 'scram-sha-256') return { mechanism, username, password };
  return { mechanism, username, password };
}

/**
 * Forwards kafkajs' log lines. Errors are logged as warnings, because kafkajs logs one per failed
 * attempt; the supervisor logs the failures that matter.
 */
function logTo(logger: Logger): (entry: LogEntry) => void {
  return ({ namespace, level, log }) => {
    const { message, timestamp: _, logger: __, ...fields } = log;
    const line = `kafka: ${message}`;
    if (level <= logLevel.WARN) logger.warn({ namespace, ...fields }, line);
    else logger.debug({ namespace, ...fields }, line);
  };
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

const GUARDED = Symbol.for('discord-connector.kafkajs-idle-guard');

/**
 * Stops a busy timer in kafkajs 2.2.4. After each check of its pending requests, kafkajs schedules
 * the next check with a negative delay, unless it is throttled. Node turns the delay into 1 ms (and
 * warns once), so every idle connection uses 6 % of a core. While nothing is pending, no check is
 * needed: a request that has to wait schedules one when it is queued.
 * https://github.com/tulios/kafkajs/issues/1751, fixed by the unmerged 1755 and 1768. Safe to call
 * more than once per process.
 */
export function guardIdleConnections(): void {
  const queue = requestQueuePrototype();
  const schedule = queue.scheduleCheckPendingRequests;
  if (Object.hasOwn(schedule, GUARDED)) return;
  const guarded = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
  queue.scheduleCheckPendingRequests = Object.assign(guarded, { [GUARDED]: true });
}

function requestQueuePrototype(): RequestQueue {
  const require = createRequire(import.meta.url);
  const queueClass: unknown = require('kafkajs/src/network/requestQueue/index.js');
  if (typeof queueClass === 'function' && isRequestQueue(queueClass.prototype)) {
    return queueClass.prototype;
  }
  throw new Error('the kafkajs version differs from the one the idle guard was written for');
}

function isRequestQueue(prototype: unknown): prototype is RequestQueue {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    'scheduleCheckPendingRequests' in prototype &&
    typeof prototype.scheduleCheckPendingRequests === 'function'
  );
}

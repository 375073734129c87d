/**
 * The Kafka port over kafkajs.
 * In: addresses and credentials. Out: a port (see kafka-port.ts) that keeps one connection for
 * producing and one for each consumption. Never: an offset committed by kafkajs itself, nor a line
 * on the console.
 */
import { Kafka, logLevel, type SASLOptions } from 'kafkajs';

import type { Logger } from '../../lib/logger.js';
import { guardIdleConnections } from './idle-guard.js';
import type { KafkaPort } from './kafka-port.js';
import { registerCodecs } from './kafkajs-codecs.js';
import { openConsumption, type SessionSettings } from './kafkajs-consumption.js';
import { createProducing } from './kafkajs-producing.js';
import { logTo } from './kafkajs-logger.js';

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaJsDeps {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl: boolean;
  readonly sasl?: KafkaSasl;
  readonly logger: Logger;
  readonly clock: () => Date;
  readonly session?: SessionSettings;
}

/**
 * The callers wait out long outages: unlike kafkajs, they can be stopped and report what they wait
 * for.
 */
const SHORT_RETRY = { retries: 3, initialRetryTime: 200, maxRetryTime: 2_000 };

export function createKafkaJs(deps: KafkaJsDeps): KafkaPort {
  const { logger, clock, session } = deps;
  guardIdleConnections();
  registerCodecs();
  // kafkajs keeps committed offsets per client: a rebuilt consumer must not begin with those of the
  // one that crashed
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
  // one literal each: kafkajs types the mechanism as a discriminant, which a union does not satisfy
  if (mechanism === 'plain') return { mechanism, username, password };
  if (mechanism === 'scram-sha-256') return { mechanism, username, password };
  return { mechanism, username, password };
}

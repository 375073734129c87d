import type { Config } from '../config.js';
import { createEventConsumer } from '../events/in/consumer.js';
import { createKafkaJs } from '../events/kafka/kafkajs.js';
import { createOutboxRelay } from '../events/out/outbox-relay.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { Store } from '../store/store.js';
import { eventObserver, type Telemetry } from './telemetry.js';
import type { ConnectorTiming } from './path.js';

/**
 * Creates the event consumer and the outbox relay, or nothing if no broker is configured. Neither
 * waits for the broker at startup.
 */
export function eventParts(
  config: Config,
  logger: Logger,
  {
    store,
    telemetry,
    timing,
  }: { readonly store: Store; readonly telemetry: Telemetry; readonly timing?: ConnectorTiming },
): readonly Part[] {
  if (config.kafka === null || !config.parts.has('events')) return [];
  const { brokers, ssl, sasl, topics, groupId, eventsTopic } = config.kafka;
  const clock = () => new Date();
  const kafka = createKafkaJs({
    brokers,
    clientId: 'discord-connector',
    ssl,
    ...(sasl && { sasl }),
    logger,
    clock,
    ...(timing?.session && { session: timing.session }),
  });
  const consumer = createEventConsumer({
    consume: kafka.consume,
    deadLetters: kafka.produce,
    applyFacts: store.applyFacts,
    topics,
    groupId,
    logger,
    clock,
    random: Math.random,
    observer: eventObserver(telemetry),
  });
  const relay = createOutboxRelay({
    outbox: store.outbox,
    produce: kafka.produce,
    source: config.http.publicUrl ?? 'discord-connector',
    topic: eventsTopic,
    logger,
    random: Math.random,
  });
  const connection: Part = {
    name: 'kafka',
    start: async () => {},
    stop: () => kafka.close(),
    ready: () => kafka.health(),
  };
  return [connection, consumer, relay];
}

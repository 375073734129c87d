/**
 * Sends the events of the outbox to the broker.
 * In: events as their transaction wrote them. Out: CloudEvents in order, with the row's id as event
 * id.
 * Never: an event deleted before the broker has it. If the deletion fails, the event is sent again
 * with the same id.
 */
import { backoffMs } from '../../lib/backoff.js';
import type { Part } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import type { Produce } from '../kafka/kafka-port.js';
import { messageOf } from '../../lib/errors.js';
import { pause, settledWithin } from '../pause.js';
import type { Outbox } from '../ports.js';
import { toCloudEvent } from './to-cloud-event.js';

export interface OutboxRelayDeps {
  readonly outbox: Outbox;
  readonly produce: Produce;
  /** The `source` of the CloudEvents. */
  readonly source: string;
  readonly topic: string;
  readonly logger: Logger;
  readonly random: () => number;
  readonly timing?: Partial<OutboxRelayTiming>;
}

export interface OutboxRelayTiming {
  /** How often to check the outbox without a notification, in case one is lost. */
  readonly pollMs: number;
  readonly batchSize: number;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly stopWithinMs: number;
}

const TIMING: OutboxRelayTiming = {
  pollMs: 1_500,
  batchSize: 500,
  baseMs: 200,
  maxMs: 5_000,
  stopWithinMs: 5_000,
};

export function createOutboxRelay(deps: OutboxRelayDeps): Part {
  const { topic, logger } = deps;
  const timing = { ...TIMING, ...deps.timing };
  const stopping = new AbortController();
  let called = new AbortController();
  let failures = 0;
  let trouble: string | null = 'the outbox relay has not started';
  let stopListening = async () => {};
  let loop: Promise<void> = Promise.resolve();

  const run = async () => {
    while (!stopping.signal.aborted) {
      called = new AbortController();
      try {
        await drainAll(deps, timing.batchSize, stopping.signal);
        [failures, trouble] = [0, null];
        await pause(timing.pollMs, called.signal);
      } catch (error) {
        const backoff = { ...timing, random: deps.random };
        const waitMs = backoffMs(failures++, backoff);
        trouble = `cannot send the outbox: ${messageOf(error)}`;
        logger.warn({ err: error, topic, waitMs }, 'outbox send failed');
        // Notifications do not end this pause early. Every transaction sends one, so there would be
        // no backoff.
        await pause(waitMs, stopping.signal);
      }
    }
  };

  return {
    name: 'outbox',
    start: async () => {
      stopListening = await deps.outbox.onPending(() => called.abort());
      trouble = null;
      loop = run();
    },
    stop: async () => {
      stopping.abort();
      called.abort();
      await stopListening();
      if (await settledWithin(timing.stopWithinMs, loop)) return;
      logger.warn(`outbox relay not stopped within ${timing.stopWithinMs} ms`);
    },
    ready: () => (trouble === null ? { ok: true } : { ok: false, reason: trouble }),
  };
}

async function drainAll(
  { outbox, produce, source, topic, logger }: OutboxRelayDeps,
  batchSize: number,
  stopping: AbortSignal,
): Promise<void> {
  let sent = batchSize;
  while (sent >= batchSize && !stopping.aborted) {
    sent = await outbox.drain(batchSize, async (events) =>
      produce(
        topic,
        events.map((event) => toCloudEvent(event, source)),
      ),
    );
    if (sent > 0) logger.debug({ topic, sent }, 'outbox events sent');
  }
}

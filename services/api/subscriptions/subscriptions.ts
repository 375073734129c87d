import { setTimeout as sleep } from 'node:timers/promises';

import { UnavailableError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { AuditRecord } from '../audit/audit-record.types.js';
import type { AuditFilter } from '../audit/ports.js';
import type { SweepPort } from '../sweeps/ports.js';
import type { Sweep } from '../sweeps/sweep.types.js';
import { type Looker, lookForClosedRecords } from './closed-records.js';
import { createSemaphore, createSubscriptionSlots, type SubscriptionLimits } from './limits.js';
import { lookForMovedSweeps, type SweepScope } from './moved-sweeps.js';
import type { NoticePort } from './ports.js';
import {
  type Bell,
  createBell,
  createStream,
  type Stream,
  type Published,
  watch,
} from './stream.js';

/** A subscriber, named after its caller, and the check of its permissions. */
export interface Subscriber {
  readonly name: string;
  /** Called before each read. Returns why the subscription must end; null: it continues. */
  readonly endOf: () => Promise<Error | null>;
  /** Clears the rows cached for the request, which may be stale. */
  readonly forget: () => void;
}

export interface Subscriptions {
  /**
   * Streams records that are closed from now on. Once the promise resolves, no later record is
   * missed.
   */
  records(subscriber: Subscriber, filter: AuditFilter): Promise<Stream<Published<AuditRecord>>>;
  sweeps(subscriber: Subscriber, scope: SweepScope): Promise<Stream<Published<Sweep>>>;
  /** Ends all subscriptions with an error that tells clients to subscribe again. */
  stop(): Promise<void>;
}

const LIMITS: SubscriptionLimits = { perCaller: 20, overall: 500 };
const READS_AT_ONCE = 2;
const LOOK_AGAIN_MS = 5_000;
const FAREWELL_MS = 1_000;

interface Deps {
  readonly notices: NoticePort;
  readonly sweeps: Pick<SweepPort, 'findSweeps'>;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly limits?: SubscriptionLimits;
  readonly lookAgainMs?: number;
}

/**
 * Serves `auditRecordAdded` and `sweepProgressed`. Reads nothing while there are no subscribers.
 */
export function createSubscriptions(deps: Deps): Subscriptions {
  const { notices, sweeps, clock, lookAgainMs = LOOK_AGAIN_MS } = deps;
  const gate = createSemaphore(READS_AT_ONCE);
  const opener = createOpener(deps);
  return {
    records: async (subscriber, filter) =>
      opener.begin(subscriber, async (bell) => {
        const onPage = subscriber.forget;
        return lookForClosedRecords({ notices, filter, bell, gate, onPage });
      }),
    sweeps: async (subscriber, scope) =>
      opener.begin(subscriber, async (bell) => {
        const onPage = subscriber.forget;
        const watched = { notices, sweeps, scope, bell, gate, onPage };
        return lookForMovedSweeps({ ...watched, lookAgainMs, clock });
      }),
    stop: async () => opener.stop(),
  };
}

/**
 * Creates the functions that open and end subscriptions. Open subscriptions are counted per caller
 * and in total.
 */
function createOpener(deps: Deps) {
  const { logger, lookAgainMs = LOOK_AGAIN_MS } = deps;
  const takePlace = createSubscriptionSlots(deps.limits ?? LIMITS);
  const open = new Set<Bell>();
  let isStopping = false;
  const stopping = () =>
    isStopping ? new UnavailableError('The connector is stopping. Subscribe again.') : null;

  async function begin<Value>(
    { name, endOf }: Subscriber,
    lookerOf: (bell: Bell) => Promise<Looker<Value>>,
  ): Promise<Stream<Published<Value>>> {
    const refusal = stopping();
    if (refusal) throw refusal;
    const leave = takePlace(name);
    const bell = createBell();
    const { look, stop } = await lookerOf(bell).catch((error: unknown) => {
      leave();
      throw error;
    });
    const watching = {
      bell,
      lookAgainMs,
      look,
      endOf: async () => stopping() ?? endOf(),
      onFailure: (err: unknown) =>
        logger.warn({ err, caller: name }, 'subscription query failed, retrying'),
    };
    open.add(bell);
    return createStream({
      run: (signal) => watch({ ...watching, signal }),
      onEnd: () => {
        leave();
        open.delete(bell);
        stop().catch(() => undefined);
      },
    });
  }

  return {
    begin,
    async stop() {
      isStopping = true;
      for (const bell of open) bell.ring();
      // Waits at most a second for subscribers to end, because one that does not read must not
      // delay the shutdown.
      for (let ms = 0; open.size > 0 && ms < FAREWELL_MS; ms += 20) await sleep(20);
    },
  };
}

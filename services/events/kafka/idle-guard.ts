import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

const GUARDED = Symbol.for('discord-connector.kafkajs-idle-guard');

/**
 * kafkajs 2.2.4 schedules a look at its pending requests after each look, with a negative delay
 * when it is not throttled: Node makes 1 ms of it (and warns once), so every idle connection runs a
 * timer a millisecond, 6 % of a core. Nothing needs to be scheduled while nothing is pending: a
 * request that has to wait schedules its own look when it is queued.
 * https://github.com/tulios/kafkajs/issues/1751, fixed by the unmerged 1755 and 1768. Once a
 * process; again is harmless.
 */
export function guardIdleConnections(): void {
  const queue = requestQueuePrototype();
  const schedule = queue.scheduleCheckPendingRequests;
  if (Object.hasOwn(schedule, GUARDED)) return;
  const guarded = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
  queue.scheduleCheckPendingRequests = Object.assign(guarded, {
    [GUARDED]: true,
  });
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

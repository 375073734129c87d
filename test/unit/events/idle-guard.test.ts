import { createRequire } from 'node:module';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { guardIdleConnections } from '../../../services/events/kafka/kafkajs.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('guardIdleConnections', () => {
  const require = createRequire(import.meta.url);
  const RequestQueue = require('kafkajs/src/network/requestQueue/index.js');
  const newQueue = () =>
    new RequestQueue({
      maxInFlightRequests: 1,
      requestTimeout: 1_000,
      enforceRequestTimeout: false,
      clientId: 'test',
      broker: 'none:9092',
      logger: { debug: () => {} },
    });

  test('sets no timer for an idle connection, and one for a throttled connection only while a request waits', () => {
    vi.useFakeTimers();
    guardIdleConnections();
    const queue = newQueue();

    queue.checkPendingRequests();
    expect(vi.getTimerCount()).toBe(0);

    const sendRequest = vi.fn();
    queue.maybeThrottle(50);
    const entry = {
      correlationId: 1,
      apiName: 'Fetch',
      resolve: () => {},
      reject: () => {},
    };
    queue.push({ entry, expectResponse: false, sendRequest });
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(60);
    expect(sendRequest).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is installed only once', () => {
    guardIdleConnections();
    const once = RequestQueue.prototype.scheduleCheckPendingRequests;

    guardIdleConnections();

    expect(RequestQueue.prototype.scheduleCheckPendingRequests).toBe(once);
  });
});

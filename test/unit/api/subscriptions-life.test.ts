import { describe, expect, it } from 'vitest';

import { createBell, createStream } from '../../../services/api/subscriptions/stream.js';
import { createDueSweeps } from '../../../services/api/subscriptions/moved-sweeps.js';
import { createSemaphore } from '../../../services/api/subscriptions/limits.js';
import { createSubscriptions } from '../../../services/api/subscriptions/subscriptions.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { anAuditRecord, ownId } from '../../builders/api-views.js';
import { aSweep } from '../../builders/sweep-views.js';
import { createFakeApiPorts } from '../../fakes/api-ports.js';
import { eventually } from '../../support/eventually.js';

const FOREVER_MS = 2 ** 30;

const subscriber = {
  name: 'ops',
  endOf: async () => null,
  forget: () => undefined,
};

function setUp(limits = { perCaller: 2, overall: 3 }, lookAgainMs = 1_000) {
  const fake = createFakeApiPorts();
  const subscriptions = createSubscriptions({
    ...fake.ports,
    limits,
    lookAgainMs,
    clock: Date.now,
    logger: silentLogger,
  });
  return { ...fake, subscriptions };
}

describe('a slow subscriber', () => {
  it('has at most one page read ahead', async () => {
    const { subscriptions, world, notices, calls } = setUp();
    const records = await subscriptions.records(subscriber, {});
    for (let n = 0; n < 1_000; n += 1) world.audit.push(anAuditRecord({ id: ownId(n) }));
    const pages = () => calls.filter((call) => call === 'notices.pageClosedRecords').length;

    notices.recordsClosed(null);
    const first = await records.next();
    for (let n = 0; n < 100; n += 1) notices.recordsClosed(null);

    expect(first.value?.value?.id).toBe(ownId(0));
    expect(pages()).toBe(1);
    for (let n = 1; n < 1_000; n += 1)
      expect((await records.next()).value?.value?.id).toBe(ownId(n));
    expect(pages()).toBe(5);
    await records.return();
  });

  it('gets the latest state of a sweep when it reads again', async () => {
    const { subscriptions, world, notices } = setUp();
    const at = (checked: number) => aSweep({ state: 'RUNNING', finishedAt: null, checked });
    world.sweeps = [at(0)];
    const scope = { sweepId: null, clientIds: null };
    const sweeps = await subscriptions.sweeps(subscriber, scope);
    const first = await sweeps.next();

    for (let checked = 1; checked <= 500; checked += 1) {
      world.sweeps = [at(checked)];
      notices.sweepMoved(at(checked));
    }
    const next = await sweeps.next();

    expect(first.value?.value?.checked).toBe(0);
    expect(next.value?.value?.checked).toBe(500);
    await sweeps.return();
  });
});

describe('subscription slots', () => {
  it('are limited per caller and overall, and each is released once', async () => {
    const { subscriptions, notices } = setUp();
    const begin = (name: string) => subscriptions.records({ ...subscriber, name }, {});
    const first = await begin('ops');
    await begin('ops');

    await expect(begin('ops')).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    await begin('bot');
    await expect(begin('third')).rejects.toThrow('its limit of subscriptions');
    await first.return();
    await first.return();
    await begin('third');
    await expect(begin('fourth')).rejects.toThrow('its limit of subscriptions');
    expect(notices.listeners()).toBe(3);
  });

  it('are released if a subscription cannot start', async () => {
    const world = setUp({ perCaller: 1, overall: 1 });
    const { subscriptions, notices } = world;
    world.fail('notices.readMoment', new Error('connection lost'));
    await expect(subscriptions.records(subscriber, {})).rejects.toThrow();
    await expect(subscriptions.records(subscriber, {})).rejects.toThrow();
    expect(notices.listeners()).toBe(0);
    world.fail('notices.readMoment', null);

    await subscriptions.records(subscriber, {});

    expect(notices.listeners()).toBe(1);
  });

  it('are refused once the process stops', async () => {
    const { subscriptions } = setUp();
    await subscriptions.stop();

    await expect(subscriptions.records(subscriber, {})).rejects.toThrow('Subscribe again');
  });
});

describe('polling without a notice', () => {
  it('finds records whose notice was lost', async () => {
    const { subscriptions, world } = setUp(undefined, 20);
    const records = await subscriptions.records(subscriber, {});

    const told = records.next();
    world.audit.push(anAuditRecord());

    expect((await told).value?.value?.id).toBe(anAuditRecord().id);
    await records.return();
  });
});

describe('a stream', () => {
  it('can be ended while it waits', async () => {
    let ends = 0;
    const bell = createBell();
    const stream = createStream<string>({
      run: async function* (signal) {
        await bell.wait(FOREVER_MS, signal);
        if (!signal.aborted) yield 'rung';
      },
      onEnd: () => void (ends += 1),
    });
    const waiting = stream.next();

    await stream.return();

    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(ends).toBe(1);
  });

  it('releases its resources even if it was never read', async () => {
    let ends = 0;
    const stream = createStream<number>({
      run: async function* () {
        yield 1;
      },
      onEnd: () => void (ends += 1),
    });

    await stream.return();

    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(ends).toBe(1);
  });
});

describe('a semaphore', () => {
  it('limits concurrent work, and admits the next task after a failure', async () => {
    const gate = createSemaphore(2);
    const leave: ((error?: Error) => void)[] = [];
    const done: string[] = [];
    const work = (name: string) =>
      gate(async () => {
        await new Promise<void>((resolve, reject) =>
          leave.push((error) => (error ? reject(error) : resolve())),
        );
        done.push(name);
      });
    const all = [work('a'), work('b'), work('c')];
    const settled = Promise.allSettled(all);

    expect(leave).toHaveLength(2);
    leave[0]?.(new Error('away'));
    await eventually(() => leave.length === 3);
    leave[1]?.();
    leave[2]?.();
    await settled;

    expect(done).toEqual(['b', 'c']);
  });
});

describe('due sweeps', () => {
  it('become one check of all sweeps if too many change', () => {
    const due = createDueSweeps();

    for (let n = 0; n < 201; n += 1) due.add([`sweep ${n}`]);

    expect(due.take()).toEqual([]);
    expect(due.isEmpty()).toBe(false);
    expect(due.takeAll()).toBe(true);
    expect(due.isEmpty()).toBe(true);
  });
});

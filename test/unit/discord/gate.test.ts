import { describe, expect, it } from 'vitest';

import { createBucketGate, type Entry, type Turn } from '../../../services/discord/limits/gate.js';

const never = new AbortController().signal;

const setUp = () => {
  let now = 0;
  const gate = createBucketGate({ clock: () => now });
  return { gate, setNow: (ms: number) => void (now = ms) };
};

const turn = (bucket: string, isUrgent = true): Turn => ({ bucket, isUrgent });

const leave = (entry: Entry) => {
  if (entry.kind !== 'entered') throw new Error(`it is ${entry.kind}`);
  entry.leave();
};

describe('the gate', () => {
  it('admits one caller at a time to each bucket', async () => {
    const { gate } = setUp();
    const order: string[] = [];
    const first = await gate.enter(turn('a'), never);
    const second = gate.enter(turn('a'), never).then((entry) => {
      order.push('second enters');
      return entry;
    });
    const other = await gate.enter(turn('b'), never);
    expect(other.kind).toBe('entered');

    order.push('first leaves');
    leave(first);
    await second;

    expect(order).toEqual(['first leaves', 'second enters']);
  });

  it('keeps the order of arrival', async () => {
    const { gate } = setUp();
    const order: number[] = [];
    const first = await gate.enter(turn('a'), never);
    const others = [1, 2, 3].map(async (n) => {
      const entry = await gate.enter(turn('a'), never);
      order.push(n);
      leave(entry);
    });

    leave(first);
    await Promise.all(others);

    expect(order).toEqual([1, 2, 3]);
  });

  it('refuses waiting callers as soon as the bucket is closed', async () => {
    const { gate } = setUp();
    const first = await gate.enter(turn('a'), never);
    const second = gate.enter(turn('a'), never);
    const third = gate.enter(turn('a'), never);

    gate.close('a', 500);

    expect(await second).toEqual({ kind: 'closed', until: 500 });
    expect(await third).toEqual({ kind: 'closed', until: 500 });
    leave(first);
  });

  it('refuses at once while closed, and opens on time', async () => {
    const { gate, setNow } = setUp();
    gate.close('a', 500);
    expect(await gate.enter(turn('a'), never)).toEqual({
      kind: 'closed',
      until: 500,
    });

    setNow(500);

    expect((await gate.enter(turn('a'), never)).kind).toBe('entered');
  });

  it('does not open earlier because of a later, shorter pause', async () => {
    const { gate } = setUp();
    gate.close('a', 500);
    gate.close('a', 200);

    expect(await gate.enter(turn('a'), never)).toEqual({
      kind: 'closed',
      until: 500,
    });
  });

  it('can close every bucket, known or not', async () => {
    const { gate } = setUp();
    await gate.enter(turn('a'), never);
    const waiting = gate.enter(turn('a'), never);

    gate.closeAll(700);

    expect(await waiting).toEqual({ kind: 'closed', until: 700 });
    expect(await gate.enter(turn('new'), never)).toEqual({
      kind: 'closed',
      until: 700,
    });
  });

  it('lets a waiting caller abort, and passes its turn on', async () => {
    const { gate } = setUp();
    const first = await gate.enter(turn('a'), never);
    const impatient = new AbortController();
    const second = gate.enter(turn('a'), impatient.signal);
    const third = gate.enter(turn('a'), never);

    impatient.abort();
    expect(await second).toEqual({ kind: 'aborted' });
    leave(first);

    expect((await third).kind).toBe('entered');
  });

  it('admits only one more caller when a caller leaves twice', async () => {
    const { gate } = setUp();
    const first = await gate.enter(turn('a'), never);
    const second = gate.enter(turn('a'), never);
    const third = gate.enter(turn('a'), never);

    leave(first);
    leave(first);
    await second;
    gate.close('a', 100);

    expect((await third).kind).toBe('closed');
  });

  it('admits urgent callers first', async () => {
    const { gate } = setUp();
    const order: string[] = [];
    const first = await gate.enter(turn('a'), never);
    const come = async (name: string, isUrgent: boolean) => {
      const entry = await gate.enter(turn('a', isUrgent), never);
      order.push(name);
      leave(entry);
    };
    const others = [
      come('sweep', false),
      come('grant', true),
      come('second sweep', false),
      come('second grant', true),
    ];

    leave(first);
    await Promise.all(others);

    expect(order).toEqual(['grant', 'second grant', 'sweep', 'second sweep']);
  });

  it('refuses callers if no call is left, on arrival or at their turn', async () => {
    const { gate } = setUp();
    let freeFrom = 0;
    const sweep = { ...turn('a', false), freeFrom: () => freeFrom };
    const first = await gate.enter(turn('a'), never);
    const second = gate.enter(sweep, never);
    const third = gate.enter(turn('a'), never);

    freeFrom = 400;
    leave(first);

    leave(await third);
    expect(await second).toEqual({ kind: 'closed', until: 400 });
    expect(await gate.enter(sweep, never)).toEqual({
      kind: 'closed',
      until: 400,
    });
  });

  it('does not admit a caller that was already aborted', async () => {
    const { gate } = setUp();

    const entry = await gate.enter(turn('a'), AbortSignal.abort());

    expect(entry).toEqual({ kind: 'aborted' });
  });
});

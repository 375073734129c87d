import { afterEach, describe, expect, test } from 'vitest';

import type { OutgoingRecord } from '../../../services/events/kafka/kafka-port.js';
import { createOutboxRelay } from '../../../services/events/out/outbox-relay.js';
import { UnavailableError } from '../../../services/lib/errors.js';
import type { Part } from '../../../services/lib/lifecycle.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { createFakeOutbox, type FakeOutbox } from '../../fakes/fake-outbox.js';
import { soon } from '../../support/soon.js';

const running: Part[] = [];
afterEach(async () => {
  for (const relay of running.splice(0)) await relay.stop();
});

const idsOf = (batches: readonly (readonly OutgoingRecord[])[]) =>
  batches.map((batch) => batch.map(({ value }) => JSON.parse(String(value)).id).join());

interface Setting {
  readonly outbox: FakeOutbox;
  readonly pollMs?: number;
  readonly failures?: Error[];
  readonly hold?: Promise<void>;
}

async function start({ outbox, pollMs = 60_000, failures = [], hold }: Setting) {
  const sent: OutgoingRecord[][] = [];
  const relay = createOutboxRelay({
    outbox,
    produce: async (_topic, records) => {
      await hold;
      const failure = failures.shift();
      if (failure) throw failure;
      sent.push([...records]);
    },
    source: '/discord-connector',
    topic: 'discord-connector.events',
    logger: silentLogger,
    random: () => 0.5,
    timing: { pollMs, batchSize: 2, baseMs: 2, maxMs: 4 },
  });
  running.push(relay);
  await relay.start();
  return { relay, sent };
}

describe('the outbox relay', () => {
  test('sends the waiting events in order and in batches until none is left', async () => {
    const outbox = createFakeOutbox();
    outbox.add('e1', 'e2', 'e3', 'e4', 'e5');

    const { sent, relay } = await start({ outbox });
    await soon(() => expect(outbox.waiting()).toEqual([]));

    expect(idsOf(sent)).toEqual(['e1,e2', 'e3,e4', 'e5']);
    expect(relay.ready()).toEqual({ ok: true });
  });

  test('writes CloudEvents in structured mode, with the id of the row', async () => {
    const outbox = createFakeOutbox();
    outbox.add('e1');

    const { sent } = await start({ outbox });
    await soon(() => expect(outbox.waiting()).toEqual([]));

    const record = sent[0]?.[0];
    expect(record).toMatchObject({
      key: 'user-7',
      headers: {
        'content-type': 'application/cloudevents+json; charset=UTF-8',
      },
    });
    expect(JSON.parse(String(record?.value))).toEqual({
      specversion: '1.0',
      id: 'e1',
      source: '/discord-connector',
      type: 'discord.user.linked.v1',
      subject: 'user-7',
      time: '2026-03-14T15:09:26.535Z',
      datacontenttype: 'application/json',
      data: { linkId: 'e1' },
    });
  });

  test('wakes on a notification', async () => {
    const outbox = createFakeOutbox();
    const { sent } = await start({ outbox });

    outbox.add('e1');
    outbox.call();

    await soon(() => expect(idsOf(sent)).toEqual(['e1']));
  });

  test('does not lose a notification that arrives during a drain', async () => {
    const outbox = createFakeOutbox();
    const hold = Promise.withResolvers<void>();
    outbox.add('e1');
    const { sent } = await start({ outbox, hold: hold.promise });
    await soon(() => expect(outbox.isHeld()).toBe(true));

    outbox.add('e2');
    outbox.call();
    hold.resolve();

    await soon(() => expect(idsOf(sent)).toEqual(['e1', 'e2']));
  });

  test('polls in case a notification was lost', async () => {
    const outbox = createFakeOutbox();
    const { sent } = await start({ outbox, pollMs: 5 });

    outbox.add('e1');

    await soon(() => expect(idsOf(sent)).toEqual(['e1']));
  });

  test('keeps events that the broker did not accept, reports that, and sends the same events again', async () => {
    const outbox = createFakeOutbox();
    outbox.add('e1', 'e2');
    const failures = Array.from({ length: 20 }, () => new UnavailableError('no broker'));

    const { relay, sent } = await start({ outbox, failures });
    await soon(() =>
      expect(relay.ready()).toEqual({
        ok: false,
        reason: 'cannot send the outbox: no broker',
      }),
    );
    expect(outbox.waiting()).toEqual(['e1', 'e2']);

    await soon(() => expect(idsOf(sent)).toEqual(['e1,e2']));
    await soon(() => expect(relay.ready()).toEqual({ ok: true }));
  });

  test('stops after the batch in flight, and stops listening', async () => {
    const outbox = createFakeOutbox();
    const hold = Promise.withResolvers<void>();
    outbox.add('e1', 'e2', 'e3');
    const { relay, sent } = await start({ outbox, hold: hold.promise });
    await soon(() => expect(outbox.isHeld()).toBe(true));

    const stopped = relay.stop();
    hold.resolve();
    await stopped;

    expect(idsOf(sent)).toEqual(['e1,e2']);
    expect(outbox.waiting()).toEqual(['e3']);
    expect(outbox.isHeld()).toBe(false);
    expect(outbox.isListenedTo()).toBe(false);
  });
});

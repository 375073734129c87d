import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { WrittenEvent } from '../../../services/store/outbox/outbox.js';
import { parseEvent } from '../../../services/events/in/parse-event.js';
import { structured } from '../../builders/event-record.js';
import { eventFaults, examplesOf } from '../../support/event-schemas.js';
import { anyEvent, READ_TYPES, WRITTEN_TYPES } from '../events/any-event.js';

type Event = Readonly<Record<string, unknown>>;

/** Does not compile if this list misses a type that the service writes, or has one too many. */
const WRITTEN: Readonly<Record<WrittenEvent, true>> = {
  'discord.membership.requested.v1': true,
  'discord.user.linked.v1': true,
  'discord.user.unlinked.v1': true,
  'discord.roles.changed.v1': true,
  'discord.member.left.v1': true,
  'discord.member.returned.v1': true,
  'discord.member.banned.v1': true,
  'discord.member.disputed.v1': true,
  'discord.sweep.held.v1': true,
};

const isFields = (value: unknown): value is Event =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Spoiled = readonly [how: string, event: Event];

/** Copies of the event, each with one field left out or given a value of another type. */
function spoiled(event: Event): readonly Spoiled[] {
  return Object.entries(event).flatMap(([name, value]) => {
    const { [name]: _, ...without } = event;
    const left: Spoiled = [`without ${name}`, without];
    const wrong = [7, '', {}, [true], false].map((other): Spoiled => [
      `${name}: ${JSON.stringify(other)}`,
      { ...event, [name]: other },
    ]);
    const within = (isFields(value) ? spoiled(value) : []).map(([how, inner]): Spoiled => [
      `${name} ${how}`,
      { ...event, [name]: inner },
    ]);
    return [left, ...wrong, ...within];
  });
}

describe('the event schemas', () => {
  test('cover every event type that the service can write', () => {
    expect([...WRITTEN_TYPES].sort()).toEqual(Object.keys(WRITTEN).sort());
  });

  test.each(READ_TYPES)('reject exactly the %s events that become dead letters', (type) => {
    const verdicts = examplesOf(type)
      .flatMap(spoiled)
      // another type is another schema's business
      .filter(([, event]) => event['type'] === type)
      .map(([how, event]) => ({
        how,
        isRefused: eventFaults(type, event).length > 0,
        isDeadLetter: parseEvent(structured(event)).kind === 'broken',
      }));

    expect(verdicts.filter(({ isRefused }) => isRefused).length).toBeGreaterThan(20);
    expect(verdicts.filter(({ isRefused, isDeadLetter }) => isRefused !== isDeadLetter)).toEqual(
      [],
    );
  });

  test('accept only events that the service can read', () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyEvent, (event) => {
        const sent: Event = JSON.parse(JSON.stringify(event));
        const type = READ_TYPES.find((known) => known === sent['type']);
        if (!type || eventFaults(type, sent).length > 0) return;
        // in microseconds, a time before that has no exact number
        const { time } = sent;
        if (typeof time === 'string' && time < '1685') return;
        accepted += 1;
        expect(parseEvent(structured(sent))).toMatchObject({ kind: 'fact' });
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});

import { describe, expect, test } from 'vitest';

import { parseEvent } from '../../../services/events/in/parse-event.js';
import {
  binary,
  CHANGED,
  cloudEvent,
  kafkaRecord,
  RECORD_TIME,
  structured,
} from '../../builders/event-record.js';
import {
  groupChanged,
  groupDeleted,
  membershipChanged,
  membershipSnapshot,
  userChanged,
  userDeleted,
} from '../../builders/fact.js';

const MICRO = RECORD_TIME * 1000;
const payload = (data: unknown, type = CHANGED) => cloudEvent({ type, data });
const text = (value: string) => kafkaRecord({ value: Buffer.from(value) });

describe('a readable event', () => {
  test.each([
    {
      name: 'a user put into a group',
      event: payload({ userId: 'user-7', groupId: 'miners', change: 'added' }),
      fact: membershipChanged(),
    },
    {
      name: 'a user taken out of a group, with a sequence',
      event: payload({
        userId: 'user-7',
        groupId: 'miners',
        change: 'removed',
        sequence: 12,
      }),
      fact: membershipChanged({
        change: 'removed',
        order: { sequence: 12, timeUs: MICRO },
      }),
    },
    {
      name: 'a whole set of groups, each counted once',
      event: payload(
        { userId: 'user-7', groupIds: ['miners', 'pilots', 'miners'] },
        'platform.group.membership.snapshot.v1',
      ),
      fact: membershipSnapshot({ groupIds: ['miners', 'pilots'] }),
    },
    {
      name: 'a user without groups',
      event: payload({ userId: 'user-7', groupIds: [] }, 'platform.group.membership.snapshot.v1'),
      fact: membershipSnapshot({ groupIds: [] }),
    },
    {
      name: 'a user with the attributes that are known, and no others',
      event: payload(
        {
          userId: 'user-7',
          username: 'ada',
          attributes: { character: 'Ada', alliance: null, rank: 3 },
        },
        'platform.user.changed.v1',
      ),
      fact: userChanged({ attributes: { character: 'Ada', alliance: null } }),
    },
    {
      name: 'a user without attributes',
      event: payload(
        { userId: 'user-7', username: 'ada', attributes: null },
        'platform.user.changed.v1',
      ),
      fact: userChanged(),
    },
    {
      name: 'a deleted user',
      event: payload({ userId: 'user-7' }, 'platform.user.deleted.v1'),
      fact: userDeleted(),
    },
    {
      name: 'a named group',
      event: payload({ groupId: 'miners', name: 'Miners' }, 'platform.group.changed.v1'),
      fact: groupChanged({ name: 'Miners' }),
    },
    {
      name: 'a group without a name',
      event: payload({ groupId: 'miners', name: null }, 'platform.group.changed.v1'),
      fact: groupChanged(),
    },
    {
      name: 'a deleted group',
      event: payload({ groupId: 'miners', name: 'Miners' }, 'platform.group.deleted.v1'),
      fact: groupDeleted(),
    },
  ])('is read the same in structured and in binary mode: $name', (row) => {
    const expected = { kind: 'fact', fact: row.fact };

    expect(parseEvent(structured(row.event))).toEqual(expected);
    expect(parseEvent(binary(row.event))).toEqual(expected);
  });

  test.each([
    ['no content-type, by its specversion', structured(cloudEvent(), { headers: {} })],
    [
      'a content-type in other letters',
      structured(cloudEvent(), {
        headers: {
          'content-type': Buffer.from('Application/CloudEvents+JSON'),
        },
      }),
    ],
    [
      'a content-type sent twice, by the last',
      structured(cloudEvent(), {
        headers: {
          'content-type': [Buffer.from('text/plain'), Buffer.from('application/cloudevents+json')],
        },
      }),
    ],
    ['binary mode without a content-type', binary(cloudEvent({ datacontenttype: undefined }))],
    [
      'binary mode with a +json type',
      binary(cloudEvent({ datacontenttype: 'application/vnd.p+json; v=1' })),
    ],
    [
      'a payload in base64',
      structured(
        cloudEvent({
          data: undefined,
          data_base64: Buffer.from(
            '{"userId":"user-7","groupId":"miners","change":"added"}',
          ).toString('base64'),
        }),
      ),
    ],
    ['a byte order mark', text(`\uFEFF${JSON.stringify(cloudEvent())}`)],
    ['attributes that are null', structured(cloudEvent({ subject: null, datacontenttype: null }))],
    [
      'names of Object.prototype, which mean nothing',
      text(
        JSON.stringify(cloudEvent()).replace(
          '"userId"',
          '"__proto__":{"userId":"evil"},"constructor":1,"userId"',
        ),
      ),
    ],
  ])('may have %s', (_, record) => {
    expect(parseEvent(record)).toEqual({
      kind: 'fact',
      fact: membershipChanged(),
    });
  });

  test.each([
    [0, 0],
    ['0', 0],
    ['007', 7],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    [null, null],
    [undefined, null],
  ])('has its sequence %j read as %j', (sent, sequence) => {
    const data = { userId: 'u', groupId: 'g', change: 'added', sequence: sent };

    const parsed = parseEvent(structured(cloudEvent({ data })));

    expect(parsed).toMatchObject({ fact: { order: { sequence } } });
  });

  test('has its length counted in characters, not UTF-16 units', () => {
    const data = { userId: '😀'.repeat(255), groupId: 'g', change: 'added' };

    expect(parseEvent(structured(cloudEvent({ data }))).kind).toBe('fact');
  });

  test.each([undefined, null])('takes the time of its record if its own is %j', (time) => {
    const record = structured(cloudEvent({ time }), { timestampMs: 1_234 });

    expect(parseEvent(record)).toMatchObject({
      fact: { order: { timeUs: 1_234_000 } },
    });
  });

  test('may be 5 minutes ahead of its record, and any time behind', () => {
    const ahead = cloudEvent({ time: '2026-03-14T15:14:26Z' });
    const behind = cloudEvent({ time: '1999-01-01T00:00:00Z' });

    expect(parseEvent(structured(ahead)).kind).toBe('fact');
    expect(parseEvent(structured(behind)).kind).toBe('fact');
  });

  test('needs no record timestamp if it has a time', () => {
    const record = structured(cloudEvent(), { timestampMs: -1 });

    expect(parseEvent(record).kind).toBe('fact');
  });
});

describe('a skipped record', () => {
  test('is a tombstone if it has no value', () => {
    expect(parseEvent(kafkaRecord({ value: null }))).toEqual({
      kind: 'skip',
      why: 'tombstone',
    });
  });

  test.each([
    'order.placed.v1',
    'platform.group.renamed.v1',
    'platform.group.membership.changed.later.v1',
    'constructor',
    '__proto__',
  ])('is foreign if its type is %s, whatever its content', (type) => {
    const event = {
      specversion: '1.0',
      type,
      datacontenttype: 'text/plain',
      data: 'x',
    };

    const foreign = { kind: 'skip', why: 'foreign' };
    expect(parseEvent(structured(event))).toEqual(foreign);
    expect(parseEvent(binary(event))).toEqual(foreign);
  });

  test('may be a foreign event in binary mode of any size and content', () => {
    const event = cloudEvent({
      type: 'image.taken',
      datacontenttype: 'image/png',
    });
    const record = binary(event, { value: Buffer.alloc(3_000_000, 255) });

    expect(parseEvent(record)).toEqual({ kind: 'skip', why: 'foreign' });
  });
});

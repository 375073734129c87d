import fc from 'fast-check';

import type { KafkaRecord } from '../../services/events/kafka/kafka-port.js';
import { kafkaRecord, RECORD_TIME } from '../builders/event-record.js';
import { CANARY, HOSTILE_JSON, HOSTILE_TEXTS } from './texts.js';

/**
 * JSON as text, so that a key can occur twice and a number can be one that JavaScript cannot
 * represent.
 */
export type Pairs = readonly (readonly [key: string, json: string])[];

export const jsonOf = (pairs: Pairs): string =>
  `{${pairs.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;

const TYPES = [
  'platform.group.membership.changed.v1',
  'platform.group.membership.snapshot.v1',
  'platform.user.changed.v1',
  'platform.user.deleted.v1',
  'platform.group.changed.v1',
  'platform.group.deleted.v1',
];

const hostileText = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  // An index row of PostgreSQL is limited in bytes, and these characters do not compress.
  fc.string({ unit: 'binary', minLength: 240, maxLength: 256 }),
);
const hostileJson = fc.oneof(
  fc.constantFrom(...HOSTILE_JSON),
  hostileText.map((text) => JSON.stringify(text)),
  fc.json({ maxDepth: 2 }),
);

const one = (...json: readonly string[]) => fc.constantFrom(...json);
const texts = fc.oneof(
  { weight: 3, arbitrary: fc.nat(300).map((n) => `"user-${n}"`) },
  { weight: 2, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
);
const mostly = (right: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: hostileJson });

const time = fc
  .date({
    min: new Date('0000-01-02'),
    max: new Date(RECORD_TIME),
    noInvalidDate: true,
  })
  .map((date) => JSON.stringify(date.toISOString()));

/** Fields by name, most of them valid. Sometimes one is missing, occurs twice or is unknown. */
const pairs = (fields: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  fc
    .tuple(
      fc.tuple(
        ...Object.entries(fields).map(([name, right]) =>
          mostly(right).map((json) => [name, json] as const),
        ),
      ),
      fc.oneof(
        { weight: 6, arbitrary: fc.constant([]) },
        {
          weight: 1,
          arbitrary: fc.array(
            fc.tuple(
              one('__proto__', 'constructor', 'prototype', 'toString', ...Object.keys(fields)),
              hostileJson,
            ),
            { maxLength: 3 },
          ),
        },
      ),
      fc.option(fc.nat(30), { freq: 12 }),
    )
    .map(([right, extra, gone]) => [...right.filter((_, index) => index !== gone), ...extra]);

const payload = pairs({
  userId: texts,
  groupId: texts,
  change: one('"added"', '"removed"'),
  groupIds: fc.array(texts, { maxLength: 6 }).map((groupIds) => `[${groupIds.join(',')}]`),
  username: texts,
  name: texts,
  sequence: fc.oneof(
    one('null', '0', '-0', '9007199254740991', '"9007199254740991"', '1e3'),
    fc.maxSafeNat().map(String),
  ),
  attributes: pairs({
    character: texts,
    corporation: texts,
    alliance: one('null'),
  }).map(jsonOf),
});

const attributes = pairs({
  specversion: one('"1.0"'),
  id: texts,
  source: texts,
  type: fc.constantFrom(...TYPES).map((type) => JSON.stringify(type)),
  time: fc.oneof(time, one('null')),
  datacontenttype: one('"application/json"', 'null'),
});

const damage = fc.oneof(
  { weight: 30, arbitrary: fc.constant((bytes: Buffer) => bytes) },
  {
    weight: 2,
    arbitrary: fc.nat().map((at) => (bytes: Buffer) => {
      const damaged = Buffer.from(bytes);
      if (damaged.length > 0) damaged[at % damaged.length] = 0xff;
      return damaged;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % bytes.length)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      (bytes: Buffer) => Buffer.from(bytes.toString(), 'utf16le'),
      (bytes: Buffer) => Buffer.from(bytes.toString(), 'utf16le').swap16(),
      (bytes: Buffer) => Buffer.concat([Buffer.from('\uFEFF'), bytes]),
      (bytes: Buffer) => Buffer.from(bytes.toString(), 'latin1'),
      (bytes: Buffer) => Buffer.from(bytes.toString('base64')),
    ),
  },
);

const timestampMs = fc.oneof(
  { weight: 12, arbitrary: fc.constant(RECORD_TIME) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-1, 0, 1, 1e300, Infinity, NaN, 2 ** 53),
  },
);

const structured = fc
  .record({ attributes, payload, damage, timestampMs })
  .map(({ attributes: outer, payload: data, damage: spoil, timestampMs: at }) =>
    kafkaRecord({
      value: spoil(Buffer.from(jsonOf([...outer, ['data', jsonOf(data)]]))),
      timestampMs: at,
    }),
  );

const headerNames = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'ce_id',
  'content-type',
  '',
);
const anyHeaders = fc.array(
  fc.tuple(
    headerNames,
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom([], [Buffer.from(CANARY), Buffer.from('1.0')]),
    ),
  ),
  { maxLength: 3 },
);

const binary = fc.record({ attributes, payload, damage, timestampMs, anyHeaders }).map((its) => {
  const headers = its.attributes.map(([name, json]) => {
    const value: unknown = parsedOr(json);
    const text = typeof value === 'string' ? value : json;
    return [`ce_${name}`, Buffer.from(text)] as const;
  });
  return kafkaRecord({
    value: its.damage(Buffer.from(jsonOf(its.payload))),
    // Some records have no content type, as from clients that omit it.
    headers: Object.fromEntries([...headers, ...(its.anyHeaders.length > 1 ? its.anyHeaders : [])]),
    timestampMs: its.timestampMs,
  });
});

function parsedOr(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** Events as an attacker or a broken producer would send them; a third of them are valid. */
export const hostileEvent: fc.Arbitrary<KafkaRecord> = fc.oneof(
  { weight: 3, arbitrary: structured },
  { weight: 1, arbitrary: binary },
);

/** Generates the same events for the same seed. */
export function hostileEvents(seed: number, count: number): KafkaRecord[] {
  return fc
    .sample(hostileEvent, { seed, numRuns: count })
    .map((record, index) => ({ ...record, offset: String(index) }));
}

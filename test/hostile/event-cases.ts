import { gzipSync } from 'node:zlib';

import type { KafkaRecord } from '../../services/events/kafka/kafka-port.js';
import { CHANGED, cloudEvent, kafkaRecord, structured } from '../builders/event-record.js';
import { jsonOf } from './events.js';
import { CANARY } from './texts.js';

/**
 * What a generator does not come upon: too large, too deep, or only good together. Each with how it
 * has to end.
 */
export interface HostileCase {
  readonly name: string;
  readonly record: KafkaRecord;
  readonly ending: 'fact' | 'skip' | 'broken';
}

const CASES: readonly (readonly [
  name: string,
  ending: HostileCase['ending'],
  make: () => KafkaRecord,
])[] = [
  ['2 MB of spaces', 'broken', () => raw(' '.repeat(2_000_000))],
  ['2 MB in one text', 'broken', () => raw(`"${'x'.repeat(2_000_000)}"`)],
  ['2 MB of a good event', 'broken', () => event({}, padding(2_000_000))],
  ['1 MB of a good event', 'fact', () => event({}, padding(1_000_000))],
  ['a million groups', 'broken', () => snapshot(million())],
  ['10,001 groups', 'broken', () => snapshot(ids(10_001))],
  ['10,000 groups', 'fact', () => snapshot(ids(10_000))],
  ['one group 10,000 times', 'fact', () => snapshot(Array(10_000).fill('g'))],
  ['long ids that do not pack', 'fact', () => snapshot(longIds(200))],
  ['deep arrays, unclosed', 'broken', () => raw('['.repeat(100_000))],
  ['deep objects, unclosed', 'broken', () => raw('{"a":'.repeat(100_000))],
  ['deep arrays', 'broken', () => raw(deepArrays(100_000))],
  ['deep objects', 'broken', () => raw(deepObjects(100_000))],
  ['deep arrays for an id', 'broken', () => event({ userId: deep() })],
  ['deep arrays that nobody reads', 'fact', () => event({ deeper: deep() })],
  ['deep attributes', 'broken', () => user(deepArrays(100_000))],
  ['deep attributes in objects', 'fact', () => user(deepObjects(50_000))],
  ['100,000 times the same key', 'fact', () => repeated(30_000)],
  ['100,000 keys', 'fact', () => event({}, keys(50_000))],
  ['a number of a million digits', 'broken', () => event({ sequence: digits() })],
  ['a million digits that nobody reads', 'fact', () => event({ n: digits() })],
  ['UTF-16', 'broken', () => bytes(good(), 'utf16le')],
  ['UTF-8 with its mark', 'fact', () => raw(`\uFEFF${good()}`)],
  ['two marks', 'broken', () => raw(`\uFEFF\uFEFF${good()}`)],
  ['gzip', 'broken', () => kafkaRecord({ value: gzipSync(good()) })],
  ['half a character at the end', 'broken', () => tail(0xe2, 0x82)],
  ['a NUL behind it', 'broken', () => tail(0)],
  ['two events', 'broken', () => raw(good() + good())],
  ['a list of events', 'broken', () => raw(`[${good()}]`)],
  ['the prototype of everything as payload', 'broken', () => proto()],
  ['a user named as the prototype', 'fact', () => named('__proto__')],
  ['a user named constructor', 'fact', () => named('constructor')],
  ['a user named prototype', 'fact', () => named('prototype')],
  ['a foreign type', 'skip', () => structured(cloudEvent({ type: 'a.b.v1' }))],
  ['no value', 'skip', () => kafkaRecord({ value: null })],
  ['a type of 900 KB', 'skip', () => typed('x'.repeat(900_000))],
  [
    'our type with a long version',
    'broken',
    () => typed(`platform.user.deleted.v1${CANARY.repeat(1_000)}`),
  ],
  ['a thousand headers', 'fact', () => kafkaRecord({ headers: manyHeaders() })],
];

/** Made one at a time: some are large. */
export function* hostileCorpus(): Generator<HostileCase> {
  for (const [name, ending, make] of CASES) yield { name, ending, record: make() };
}

const raw = (text: string) => kafkaRecord({ value: Buffer.from(text) });
const bytes = (text: string, encoding: BufferEncoding) =>
  kafkaRecord({ value: Buffer.from(text, encoding) });
const tail = (...more: number[]) =>
  kafkaRecord({
    value: Buffer.concat([Buffer.from(good()), Buffer.from(more)]),
  });

const good = () => JSON.stringify(cloudEvent());
const digits = () => `1${'0'.repeat(1_000_000)}`.slice(0, 1_000_000);
const deepArrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const deepObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const deep = () => deepArrays(100_000);

const FRAME: readonly (readonly [string, string])[] = [
  ['specversion', '"1.0"'],
  ['id', '"event-1"'],
  ['source', '"/platform"'],
];

/** A change whose payload has these fields, as JSON text, in place of or beside its own. */
function event(
  fields: Readonly<Record<string, string>>,
  outer: Readonly<Record<string, string>> = {},
): KafkaRecord {
  const data = { userId: '"u"', groupId: '"g"', change: '"added"', ...fields };
  return raw(
    jsonOf([
      ...FRAME,
      ['type', JSON.stringify(CHANGED)],
      ...Object.entries(outer),
      ['data', jsonOf(Object.entries(data))],
    ]),
  );
}

function user(attributes: string): KafkaRecord {
  const data = `{"userId":"u","username":"n","attributes":${attributes}}`;
  const type = '"platform.user.changed.v1"';
  return raw(jsonOf([...FRAME, ['type', type], ['data', data]]));
}

const padding = (length: number) => ({ padding: `"${'x'.repeat(length)}"` });
const keys = (count: number) => Object.fromEntries(ids(count).map((id) => [`key-${id}`, '1']));

function snapshot(groupIds: readonly string[]): KafkaRecord {
  const type = 'platform.group.membership.snapshot.v1';
  return structured(cloudEvent({ type, data: { userId: 'many', groupIds } }));
}

const ids = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);
const million = () => ids(1_000_000);

/** 255 characters of four bytes each, all different. */
const longIds = (count: number) =>
  ids(count).map((_, n) =>
    String.fromCodePoint(
      ...Array.from({ length: 255 }, (__, at) => 0x20000 + ((n * 7919 + at * 104_729) % 40_000)),
    ),
  );

function repeated(count: number): KafkaRecord {
  const again = Array.from({ length: count }, () => ['userId', '"u"'] as const);
  const data = jsonOf([...again, ['groupId', '"g"'], ['change', '"added"']]);
  return raw(jsonOf([...FRAME, ['type', JSON.stringify(CHANGED)], ['data', data]]));
}

const proto = () =>
  raw(
    jsonOf([
      ...FRAME,
      ['type', JSON.stringify(CHANGED)],
      ['data', '{"__proto__":{"userId":"u","groupId":"g","change":"added"}}'],
    ]),
  );

const named = (userId: string) =>
  structured(cloudEvent({ data: { userId, groupId: userId, change: 'added' } }));

const typed = (type: string) => structured(cloudEvent({ type }));

function manyHeaders() {
  const type = Buffer.from('application/cloudevents+json');
  const names = ['__proto__', 'constructor', ...ids(1_000)];
  return Object.fromEntries([
    ...names.map((name) => [name, Buffer.from(CANARY)] as const),
    ['content-type', type] as const,
  ]);
}

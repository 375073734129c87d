import { isUtf8 } from 'node:buffer';

import type { Cause, PlatformFact } from '../../model.js';
import type { KafkaRecord, RecordHeaders } from '../kafka/kafka-port.js';
import { factReaders } from './fact-readers.js';
import {
  BrokenEvent,
  type Fields,
  type FieldScope,
  isFields,
  nearestName,
  readSequence,
  readText,
  shown,
  shownChoice,
  timeUsOf,
} from './fields.js';
import { reasonOfLoss } from './lost-batch.js';

export type ParsedEvent =
  | { readonly kind: 'fact'; readonly fact: PlatformFact }
  | { readonly kind: 'skip'; readonly why: 'foreign' | 'tombstone' }
  | { readonly kind: 'broken'; readonly reason: string };

/**
 * How far an event's time may be ahead of the record's timestamp. A time in the future would
 * outrank all later facts.
 */
const AHEAD_US = 5 * 60 * 1_000_000;

/** Maximum length of `source`, which is a URI reference and so longer than an id. */
const MAX_SOURCE = 1024;

/** Parses one record. For a broken record, the reason names the field. */
export function parseEvent(record: KafkaRecord): ParsedEvent {
  const lost = reasonOfLoss(record.headers);
  if (lost !== null) return { kind: 'broken', reason: lost };
  if (record.value === null) return { kind: 'skip', why: 'tombstone' };
  try {
    const envelope = openEnvelope(record.headers, record.value);
    const readFact = factReaders.get(envelope.type);
    if (!readFact) return unread(envelope.type);
    const attributes = { fields: envelope.attributes, at: envelope.at };
    requireVersion(attributes);
    const cause = readCause(attributes);
    const timeUs = readTime(attributes, record.timestampMs);
    const payload = { fields: envelope.readPayload(), at: 'data.' };
    const order = { sequence: readSequence(payload), timeUs };
    return { kind: 'fact', fact: readFact(payload, { order, cause }) };
  } catch (error) {
    if (!(error instanceof BrokenEvent)) throw error;
    return { kind: 'broken', reason: error.message };
  }
}

/**
 * Decides what to do with an event of a type that has no reader. An unknown version or a
 * misspelling of a known type makes the record broken, so that it becomes a dead letter and is not
 * lost silently. A record of any other type is foreign and skipped.
 */
function unread(type: string): ParsedEvent {
  for (const known of factReaders.keys()) {
    const name = known.slice(0, known.lastIndexOf('.v'));
    if (!type.startsWith(name)) continue;
    const version = type.slice(name.length);
    if (version !== '' && !/^\.v\d/.test(version)) continue;
    return { kind: 'broken', reason: `type is an unknown version of ${name}` };
  }
  const meant = nearestName(type, factReaders.keys());
  if (meant === null) return { kind: 'skip', why: 'foreign' };
  return { kind: 'broken', reason: `type is unknown: did you mean ${meant}?` };
}

function requireVersion({ fields, at }: FieldScope): void {
  if (fields['specversion'] === '1.0') return;
  const got = shownChoice(fields['specversion']);
  throw new BrokenEvent(`${at}specversion must be "1.0", got ${got}`);
}

function readCause(attributes: FieldScope): Cause {
  return {
    kind: 'EVENT',
    id: readText(attributes, 'id'),
    actor: readText(attributes, 'source', MAX_SOURCE),
  };
}

function readTime({ fields, at }: FieldScope, timestampMs: number): number {
  const time = fields['time'] ?? null;
  const recordUs = timestampMs * 1000;
  const hasRecordTime = timestampMs > 0 && Number.isSafeInteger(recordUs);
  if (time === null) {
    if (hasRecordTime) return recordUs;
    throw new BrokenEvent(`${at}time is missing, and the record has no timestamp`);
  }
  const timeUs = typeof time === 'string' ? timeUsOf(time) : null;
  if (timeUs === null || !Number.isSafeInteger(timeUs)) {
    throw new BrokenEvent(`${at}time must be an RFC 3339 time, got ${shown(time)}`);
  }
  if (hasRecordTime && timeUs > recordUs + AHEAD_US) {
    throw new BrokenEvent(`${at}time is more than 5 minutes ahead of the record's timestamp`);
  }
  return timeUs;
}

/**
 * A CloudEvent before validation: attributes may have any value, and the payload is not parsed yet.
 */
interface Envelope {
  readonly type: string;
  readonly attributes: Fields;
  /** Prefix of an attribute's name: `ce_` in headers, empty in JSON. */
  readonly at: string;
  readonly readPayload: () => Fields;
}

const MAX_VALUE_BYTES = 1024 * 1024;
const JSON_MEDIA_TYPE = /^application\/(?:[^;\s]+\+)?json(?:\s*;|$)/;
const BASE_64 = /^[A-Za-z0-9+/]*={0,2}$/;
const READ_ATTRIBUTES = ['specversion', 'type', 'id', 'source', 'time'] as const;

/**
 * Parses both content modes (structured and binary) of the CloudEvents Kafka binding. Throws
 * `BrokenEvent` if the record is not a CloudEvent.
 */
function openEnvelope(headers: RecordHeaders, value: Buffer): Envelope {
  const contentType = headerText(headers, 'content-type')?.trim().toLowerCase();
  if (contentType?.startsWith('application/cloudevents')) {
    if (contentType.startsWith('application/cloudevents+json')) {
      return structured(parseJson(value, 'value'));
    }
    throw new BrokenEvent(
      `content-type must be application/cloudevents+json, got ${shown(contentType)}`,
    );
  }
  if (Object.hasOwn(headers, 'ce_specversion')) {
    return binary(headers, value, contentType);
  }
  if (contentType === undefined) {
    const parsed = parseJson(value, 'value');
    if (isFields(parsed) && parsed['specversion'] !== undefined) {
      return structured(parsed);
    }
  }
  throw new BrokenEvent(
    'not a CloudEvent: neither a content-type of application/cloudevents+json nor a ce_specversion header',
  );
}

function structured(event: unknown): Envelope {
  if (!isFields(event)) {
    throw new BrokenEvent(`value must be a JSON object, got ${shown(event)}`);
  }
  return {
    type: typeOf(event['type'], 'type'),
    attributes: event,
    at: '',
    readPayload: () => structuredPayload(event),
  };
}

function structuredPayload(event: Fields): Fields {
  const contentType = event['datacontenttype'] ?? null;
  if (typeof contentType === 'string') {
    requireJson(contentType.toLowerCase(), 'datacontenttype');
  } else if (contentType !== null) {
    throw new BrokenEvent(`datacontenttype must be a string, got ${shown(contentType)}`);
  }
  const encoded = event['data_base64'] ?? null;
  if (encoded === null) return asObject(event['data']);
  if (event['data'] !== undefined) {
    throw new BrokenEvent('data and data_base64 must not both be there');
  }
  return asObject(parseJson(fromBase64(encoded), 'data_base64'));
}

function binary(headers: RecordHeaders, value: Buffer, contentType: string | undefined): Envelope {
  const attributes: Record<string, string> = {};
  for (const name of READ_ATTRIBUTES) {
    const text = headerText(headers, `ce_${name}`);
    if (text !== undefined) attributes[name] = text;
  }
  return {
    type: typeOf(attributes['type'], 'ce_type'),
    attributes,
    at: 'ce_',
    readPayload: () => {
      if (contentType !== undefined) requireJson(contentType, 'content-type');
      return asObject(parseJson(value, 'value'));
    },
  };
}

function typeOf(type: unknown, name: string): string {
  if (type === undefined) throw new BrokenEvent(`${name} is missing`);
  if (typeof type === 'string' && type !== '') return type;
  throw new BrokenEvent(`${name} must be a non-empty string, got ${shown(type)}`);
}

function asObject(payload: unknown): Fields {
  if (payload === undefined) throw new BrokenEvent('data is missing');
  if (isFields(payload)) return payload;
  throw new BrokenEvent(`data must be an object, got ${shown(payload)}`);
}

function requireJson(contentType: string, name: string): void {
  if (JSON_MEDIA_TYPE.test(contentType)) return;
  throw new BrokenEvent(`${name} must be application/json, got ${shown(contentType)}`);
}

function parseJson(bytes: Buffer, name: string): unknown {
  if (bytes.length > MAX_VALUE_BYTES) {
    throw new BrokenEvent(
      `${name} must have at most ${MAX_VALUE_BYTES} bytes, got ${bytes.length}`,
    );
  }
  if (!isUtf8(bytes)) throw new BrokenEvent(`${name} is not UTF-8`);
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    // The parser's message quotes the payload, which must not get into headers and logs.
    throw new BrokenEvent(`${name} is not JSON`);
  }
}

function fromBase64(encoded: unknown): Buffer {
  if (typeof encoded === 'string' && encoded.length % 4 === 0 && BASE_64.test(encoded)) {
    return Buffer.from(encoded, 'base64');
  }
  throw new BrokenEvent(`data_base64 must be base64, got ${shown(encoded)}`);
}

function headerText(headers: RecordHeaders, name: string): string | undefined {
  if (!Object.hasOwn(headers, name)) return undefined;
  const sent = headers[name];
  const bytes = Buffer.isBuffer(sent) ? sent : sent?.at(-1);
  if (bytes === undefined) return undefined;
  if (!isUtf8(bytes)) throw new BrokenEvent(`header ${name} is not UTF-8`);
  return bytes.toString('utf8');
}

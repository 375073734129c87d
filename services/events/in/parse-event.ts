import type { Cause, PlatformFact } from '../../model.js';
import { openEnvelope } from './envelope.js';
import { timeUsOf } from './event-time.js';
import { factReaders } from './fact-readers.js';
import {
  BrokenEvent,
  readSequence,
  readText,
  shown,
  shownChoice,
  type FieldScope,
} from './fields.js';
import type { KafkaRecord } from '../kafka/kafka-port.js';
import { reasonOfLoss } from './lost-batch.js';
import { nearestName } from './near-miss.js';

export type ParsedEvent =
  | { readonly kind: 'fact'; readonly fact: PlatformFact }
  | { readonly kind: 'skip'; readonly why: 'foreign' | 'tombstone' }
  | { readonly kind: 'broken'; readonly reason: string };

/**
 * How far a producer's clock may be ahead of the record's timestamp: a time from the future would
 * win for ever.
 */
const AHEAD_US = 5 * 60 * 1_000_000;

/** A source is a URI reference, which is longer than an id. */
const MAX_SOURCE = 1024;

/** Parses one record. The reason of a broken one names the field. */
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
 * An unknown version of one of our types is a fault, and so is a near miss of one, which would
 * otherwise be lost silently. Any other type is foreign.
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

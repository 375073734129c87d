import { isUtf8 } from 'node:buffer';

import { BrokenEvent, isFields, shown, type Fields } from './fields.js';
import type { RecordHeaders } from '../kafka/kafka-port.js';

/**
 * A CloudEvent that has not been looked into: its attributes may be anything, its payload is not
 * yet parsed.
 */
export interface Envelope {
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
 * Parses both content modes of the Kafka protocol binding. Throws `BrokenEvent` if the record is
 * not a CloudEvent.
 */
export function openEnvelope(headers: RecordHeaders, value: Buffer): Envelope {
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
    // the parser's own message quotes the payload, which does not belong in headers and logs
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

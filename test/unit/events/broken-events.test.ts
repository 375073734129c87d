import { describe, expect, test } from 'vitest';

import { parseEvent } from '../../../services/events/in/parse-event.js';
import { binary, cloudEvent, kafkaRecord, structured } from '../../builders/event-record.js';

const bytes = (...values: number[]) => Buffer.from(values);
const payload = (data: unknown, type: string) => cloudEvent({ type, data });
const text = (value: string) => kafkaRecord({ value: Buffer.from(value) });

describe('a broken message', () => {
  const attribute = (its: Record<string, unknown>) => structured(cloudEvent(its));
  const data = (its: unknown) => attribute({ data: its });
  const change = (its: Record<string, unknown>) =>
    data({ userId: 'u', groupId: 'g', change: 'added', ...its });
  const user = (its: Record<string, unknown>) =>
    structured(payload({ userId: 'u', username: 'n', ...its }, 'platform.user.changed.v1'));
  const snapshot = (groupIds: unknown) =>
    structured(payload({ userId: 'u', groupIds }, 'platform.group.membership.snapshot.v1'));
  const typed = (contentType: string) =>
    kafkaRecord({ headers: { 'content-type': Buffer.from(contentType) } });
  const NOT_ONE =
    'not a CloudEvent: neither a content-type of application/cloudevents+json nor a ce_specversion header';

  test.each([
    ['no JSON', text('hello'), 'value is not JSON'],
    ['an empty value', text(''), 'value is not JSON'],
    ['half a JSON object', text('{"specversion":"1.0"'), 'value is not JSON'],
    [
      'bytes that are not UTF-8',
      kafkaRecord({ value: bytes(0x7b, 0xff, 0x7d) }),
      'value is not UTF-8',
    ],
    ['an array', text('[]'), 'value must be a JSON object, got an array'],
    ['a string', text('"x"'), 'value must be a JSON object, got 1 character'],
    ['null', text('null'), 'value must be a JSON object, got null'],
    [
      'over 1 MiB',
      text(`"${'x'.repeat(1_048_576)}"`),
      'value must have at most 1048576 bytes, got 1048578',
    ],
    ['deep nesting', text('['.repeat(500_000)), 'value is not JSON'],
    ['plain JSON', structured({ userId: 'u' }, { headers: {} }), NOT_ONE],
    ['JSON by its content-type', typed('application/json'), NOT_ONE],
    [
      'a batch',
      typed('application/cloudevents-batch+json'),
      'content-type must be application/cloudevents+json, got 34 characters',
    ],
    [
      'another format',
      typed('application/cloudevents+avro'),
      'content-type must be application/cloudevents+json, got 28 characters',
    ],
    [
      'a content-type that is not UTF-8',
      kafkaRecord({ headers: { 'content-type': bytes(0xff) } }),
      'header content-type is not UTF-8',
    ],
    [
      'another payload format in binary mode',
      binary(cloudEvent({ datacontenttype: 'application/xml' })),
      'content-type must be application/json, got 15 characters',
    ],
    ['no type in binary mode', binary(cloudEvent({ type: undefined })), 'ce_type is missing'],
    ['no id in binary mode', binary(cloudEvent({ id: undefined })), 'ce_id is missing'],
    [
      'no JSON in binary mode',
      binary(cloudEvent(), { value: Buffer.from('x') }),
      'value is not JSON',
    ],
    [
      'no version',
      text('{"type":"platform.user.deleted.v1"}'),
      'specversion must be "1.0", got nothing',
    ],
    ['another version', attribute({ specversion: '0.3' }), 'specversion must be "1.0", got "0.3"'],
    ['no type', attribute({ type: undefined }), 'type is missing'],
    [
      'a type that is no text',
      attribute({ type: 7 }),
      'type must be a non-empty string, got a number',
    ],
    [
      'our type in an unknown version',
      attribute({ type: 'platform.group.membership.changed.v2' }),
      'type is an unknown version of platform.group.membership.changed',
    ],
    [
      'our type in version 10',
      attribute({ type: 'platform.user.deleted.v10' }),
      'type is an unknown version of platform.user.deleted',
    ],
    [
      'our type without a version',
      attribute({ type: 'platform.user.deleted' }),
      'type is an unknown version of platform.user.deleted',
    ],
    ['no id', attribute({ id: undefined }), 'id is missing'],
    ['an empty id', attribute({ id: '' }), 'id must not be empty'],
    ['no source', attribute({ source: undefined }), 'source is missing'],
    [
      'a long source',
      attribute({ source: 's'.repeat(1_025) }),
      `source must have at most 1024 characters, got 1025 characters`,
    ],
    [
      'a time that is none',
      attribute({ time: 'yesterday' }),
      'time must be an RFC 3339 time, got 9 characters',
    ],
    [
      'a time without a zone',
      attribute({ time: '2026-03-14T15:09:26' }),
      'time must be an RFC 3339 time, got 19 characters',
    ],
    [
      'a number for a time',
      attribute({ time: 1_773_500_966 }),
      'time must be an RFC 3339 time, got a number',
    ],
    [
      'a time beyond exact numbers',
      structured(cloudEvent({ time: '9999-01-01T00:00:00Z' }), {
        timestampMs: -1,
      }),
      'time must be an RFC 3339 time, got 20 characters',
    ],
    [
      'a time from the future',
      attribute({ time: '2026-03-14T15:14:26.000001Z' }),
      `time is more than 5 minutes ahead of the record's timestamp`,
    ],
    [
      'no time at all',
      structured(cloudEvent({ time: undefined }), { timestampMs: -1 }),
      'time is missing, and the record has no timestamp',
    ],
    [
      'a content type that is no text',
      attribute({ datacontenttype: 1 }),
      'datacontenttype must be a string, got a number',
    ],
    [
      'another payload format',
      attribute({ datacontenttype: 'text/xml' }),
      'datacontenttype must be application/json, got 8 characters',
    ],
    ['no payload', attribute({ data: undefined }), 'data is missing'],
    ['a payload that is text', data('{}'), 'data must be an object, got 2 characters'],
    ['a payload that is null', data(null), 'data must be an object, got null'],
    [
      'two payloads',
      attribute({ data_base64: 'e30=' }),
      'data and data_base64 must not both be there',
    ],
    [
      'bad base64',
      attribute({ data: undefined, data_base64: 'a*b=' }),
      'data_base64 must be base64, got 4 characters',
    ],
    [
      'base64 of no JSON',
      attribute({ data: undefined, data_base64: 'eA==' }),
      'data_base64 is not JSON',
    ],
    ['no user', change({ userId: undefined }), 'data.userId is missing'],
    ['a number for a user', change({ userId: 12 }), 'data.userId must be a string, got a number'],
    ['null for a user', change({ userId: null }), 'data.userId must be a string, got null'],
    ['an empty user', change({ userId: '' }), 'data.userId must not be empty'],
    [
      'a long user',
      change({ userId: 'u'.repeat(256) }),
      `data.userId must have at most 255 characters, got 256 characters`,
    ],
    [
      'NUL in a user',
      change({ userId: 'a\0b' }),
      'data.userId must not contain control characters, got 3 characters',
    ],
    [
      'DEL in a user',
      change({ userId: 'a\x7fb' }),
      'data.userId must not contain control characters, got 3 characters',
    ],
    [
      'half a character',
      change({ groupId: 'a\ud800' }),
      'data.groupId must be well-formed Unicode, got 2 characters',
    ],
    ['no group', change({ groupId: undefined }), 'data.groupId is missing'],
    [
      'an object for a group',
      change({ groupId: {} }),
      'data.groupId must be a string, got an object',
    ],
    ['no change', change({ change: undefined }), 'data.change is missing'],
    [
      'another change',
      change({ change: 'maybe' }),
      'data.change must be "added" or "removed", got "maybe"',
    ],
    [
      'a long change',
      change({ change: 'x'.repeat(70) }),
      `data.change must be "added" or "removed", got 70 characters`,
    ],
    [
      'a negative sequence',
      change({ sequence: -1 }),
      'data.sequence must be a whole number from 0 to 2^53-1, got a number',
    ],
    [
      'half a sequence',
      change({ sequence: 1.5 }),
      'data.sequence must be a whole number from 0 to 2^53-1, got a number',
    ],
    [
      'a sequence beyond exact numbers',
      change({ sequence: 2 ** 53 }),
      'data.sequence must be a whole number from 0 to 2^53-1, got a number',
    ],
    [
      'the same in digits',
      change({ sequence: '9007199254740992' }),
      'data.sequence must be a whole number from 0 to 2^53-1, got 16 characters',
    ],
    [
      'a sequence in other digits',
      change({ sequence: '0x10' }),
      'data.sequence must be a whole number from 0 to 2^53-1, got 4 characters',
    ],
    [
      'an empty sequence',
      change({ sequence: '' }),
      'data.sequence must be a whole number from 0 to 2^53-1, got 0 characters',
    ],
    [
      'a true sequence',
      change({ sequence: true }),
      'data.sequence must be a whole number from 0 to 2^53-1, got a boolean',
    ],
    ['no groups', snapshot(undefined), 'data.groupIds is missing'],
    ['groups that are no list', snapshot('g'), 'data.groupIds must be an array, got 1 character'],
    [
      'a group that is a number',
      snapshot(['g', 4]),
      'data.groupIds[1] must be a string, got a number',
    ],
    [
      'too many groups',
      snapshot(Array.from({ length: 10_001 }, String)),
      'data.groupIds must have at most 10000 items, got 10001',
    ],
    ['no username', user({ username: undefined }), 'data.username is missing'],
    [
      'a long username',
      user({ username: 'n'.repeat(256) }),
      `data.username must have at most 255 characters, got 256 characters`,
    ],
    [
      'attributes that are no object',
      user({ attributes: [] }),
      'data.attributes must be an object, got an array',
    ],
    [
      'an attribute that is no text',
      user({ attributes: { alliance: 5 } }),
      'data.attributes.alliance must be a string, got a number',
    ],
    [
      'a long group name',
      structured(payload({ groupId: 'g', name: 'n'.repeat(256) }, 'platform.group.changed.v1')),
      `data.name must have at most 255 characters, got 256 characters`,
    ],
  ])('is reported with the reason: %s', (_, record, reason) => {
    expect(parseEvent(record)).toEqual({ kind: 'broken', reason });
  });
});

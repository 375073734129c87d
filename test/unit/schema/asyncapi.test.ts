import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { READ_TYPES, WRITTEN_TYPES } from '../events/any-event.js';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

interface Reference {
  readonly $ref: string;
}
type Named<Thing> = Readonly<Record<string, Thing>>;

/** AsyncAPI 3, as far as the document uses it. */
interface Document {
  readonly asyncapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly defaultContentType: string;
  readonly servers: Named<{ readonly host: string; readonly protocol: string }>;
  readonly channels: Named<{
    readonly address: string;
    readonly servers: readonly Reference[];
    readonly messages: Named<Reference>;
  }>;
  readonly operations: Named<{
    readonly action: string;
    readonly channel: Reference;
    readonly messages: readonly Reference[];
  }>;
  readonly components: {
    readonly messages: Named<{
      readonly name: string;
      readonly payload?: Reference;
      readonly headers?: { readonly type: string };
      readonly contentType?: string;
    }>;
  };
}

const document: Document = parse(read('schema/asyncapi.yaml'));
const { channels, operations, components, servers } = document;

const namesBehind = (references: readonly Reference[], place: string) =>
  references.map(({ $ref }) => {
    expect($ref.slice(0, place.length)).toBe(place);
    return $ref.slice(place.length);
  });

const NAME = /^[A-Za-z0-9._-]+$/;

describe('asyncapi.yaml', () => {
  test('is an AsyncAPI 3 document with the required fields', () => {
    expect(Object.keys(document).sort()).toEqual([
      'asyncapi',
      'channels',
      'components',
      'defaultContentType',
      'info',
      'operations',
      'servers',
    ]);
    expect(document.asyncapi).toMatch(/^3\.\d+\.\d+$/);
    expect(document.info.title).not.toBe('');
    for (const { host, protocol } of Object.values(servers)) {
      expect(host).not.toBe('');
      expect(protocol).toBe('kafka');
    }
    for (const name of [
      ...Object.keys(channels),
      ...Object.keys(operations),
      ...Object.keys(components.messages),
      ...Object.keys(servers),
    ])
      expect(name).toMatch(NAME);
  });

  test('has the version of the service', () => {
    const { version }: { readonly version: string } = JSON.parse(read('package.json'));

    expect(document.info.version).toBe(version);
  });

  test.each(Object.keys(channels))('defines each message and server of channel %s', (name) => {
    const channel = channels[name];
    const messages = namesBehind(Object.values(channel?.messages ?? {}), '#/components/messages/');

    expect(messages).toEqual(Object.keys(channel?.messages ?? {}));
    expect(messages.length).toBeGreaterThan(0);
    expect(Object.keys(components.messages)).toEqual(expect.arrayContaining(messages));
    expect(Object.keys(servers)).toEqual(
      expect.arrayContaining(namesBehind(channel?.servers ?? [], '#/servers/')),
    );
  });

  test.each(Object.keys(operations))(
    'lists exactly the messages of the channel in operation %s',
    (name) => {
      const operation = operations[name];
      const channel = (operation?.channel.$ref ?? '').replace(/^#\/channels\//, '');

      expect(['send', 'receive']).toContain(operation?.action);
      expect(namesBehind(operation?.messages ?? [], `#/channels/${channel}/messages/`)).toEqual(
        Object.keys(channels[channel]?.messages ?? {}),
      );
    },
  );

  test('uses every channel in one operation, and every message in one channel', () => {
    const used = Object.values(operations).map(({ channel }) => channel.$ref);
    const carried = Object.values(channels).flatMap(({ messages }) => Object.keys(messages));

    expect(used.toSorted()).toEqual(
      Object.keys(channels)
        .map((name) => `#/channels/${name}`)
        .sort(),
    );
    expect(carried.toSorted()).toEqual(Object.keys(components.messages).sort());
  });

  test('receives the event types that the service reads, and sends those it writes', () => {
    const typesBy = (action: string) =>
      Object.values(operations)
        .filter((operation) => operation.action === action)
        .flatMap(({ messages }) => messages.map(({ $ref }) => $ref.replace(/^.*\//, '')))
        .map((key) => components.messages[key]?.name ?? key)
        .filter((name) => name !== 'deadLetter')
        .sort();

    expect(typesBy('receive')).toEqual([...READ_TYPES].sort());
    expect(typesBy('send')).toEqual([...WRITTEN_TYPES].sort());
  });

  test('describes each message by the schema of its event type, with the default content type', () => {
    for (const [key, message] of Object.entries(components.messages)) {
      if (key === 'deadLetter') {
        expect(message.headers?.type).toBe('object');
        continue;
      }
      expect(message.payload?.$ref).toBe(`./events/${message.name}.schema.json`);
      expect(message.contentType).toBe(document.defaultContentType);
      const schema: { readonly title: string } = JSON.parse(
        read(`schema/events/${message.name}.schema.json`),
      );
      expect(schema.title).toBe(message.name);
    }
  });

  test('names the default topics of the settings', () => {
    const config = read('services/config.ts');

    for (const { address } of Object.values(channels))
      expect(config).toContain(`'${address.replace(/\.dlq$/, '')}'`);
  });
});

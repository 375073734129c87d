import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { factReaders } from '../../../services/events/in/fact-readers.js';
import { parseEvent } from '../../../services/events/in/parse-event.js';
import { toCloudEvent } from '../../../services/events/out/to-cloud-event.js';
import { binary, structured } from '../../builders/event-record.js';
import { anyEvent, READ_TYPES, WRITTEN_TYPES } from './any-event.js';

const ROOT = join(import.meta.dirname, '../../../schema');
const EVENTS = join(ROOT, 'events');
const ENDING = '.schema.json';
const ENVELOPE = `cloudevent${ENDING}`;

interface EventSchema {
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

function readSchema(file: string): EventSchema {
  const schema: EventSchema = JSON.parse(readFileSync(join(EVENTS, file), 'utf8'));
  return schema;
}

const files = readdirSync(EVENTS).filter((file) => file !== ENVELOPE);
const types = files.map((file) => file.slice(0, -ENDING.length));
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
addFormats.default(ajv);
for (const file of [ENVELOPE, ...files]) ajv.addSchema(readSchema(file), file);

function faultsOf(type: string, event: unknown): unknown {
  const validate = ajv.getSchema(`${type}${ENDING}`);
  if (!validate) throw new Error(`no schema for ${type}`);
  return validate(event) ? [] : validate.errors;
}

describe('the event schemas', () => {
  test('exist for every type that is read or written, and for no other', () => {
    expect(types.sort()).toEqual([...factReaders.keys(), ...WRITTEN_TYPES].sort());
    expect(READ_TYPES.toSorted()).toEqual([...factReaders.keys()].sort());
  });

  test.each(types)('%s accepts its own examples', (type) => {
    for (const example of readSchema(`${type}${ENDING}`).examples) {
      expect(faultsOf(type, example)).toEqual([]);
      expect(example['type']).toBe(type);
    }
  });

  test.each(READ_TYPES)('%s has examples that are read as facts', (type) => {
    const { examples } = readSchema(`${type}${ENDING}`);

    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const fact = parseEvent(structured(example));
      expect(fact).toMatchObject({ kind: 'fact' });
      expect(parseEvent(binary(example))).toEqual(fact);
    }
  });

  test.each(WRITTEN_TYPES)('%s accepts what the relay writes for a row', (type) => {
    for (const example of readSchema(`${type}${ENDING}`).examples) {
      const row = {
        position: 1,
        id: String(example['id']),
        key: 'user-7',
        type,
        subject: 'user-7',
        time: new Date(),
        data: example['data'],
      };

      const { value } = toCloudEvent(row, '/discord-connector');

      expect(faultsOf(type, JSON.parse(String(value)))).toEqual([]);
    }
  });

  test('accept every event that is read as a fact', () => {
    let facts = 0;
    fc.assert(
      fc.property(anyEvent, (event) => {
        const parsed = parseEvent(structured(event));
        if (parsed.kind !== 'fact') return;
        facts += 1;
        const sent: unknown = JSON.parse(JSON.stringify(event));
        expect(faultsOf(event.type, sent)).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
    expect(facts).toBeGreaterThan(500);
  });
});

describe('asyncapi.yaml', () => {
  const text = readFileSync(join(ROOT, 'asyncapi.yaml'), 'utf8');
  const document: unknown = parse(text);

  test('has no dangling references', () => {
    const references = [...text.matchAll(/\$ref: '([^']+)'/g)].map((match) => match[1] ?? '');

    expect(references.length).toBeGreaterThan(types.length);
    for (const reference of references) {
      if (reference.startsWith('#/')) expect(lookUp(document, reference)).toBeDefined();
      else expect(files).toContain(reference.replace('./events/', ''));
    }
  });

  test('has a message for every type', () => {
    const named = [...text.matchAll(/^ {6}name: (\S+)$/gm)].map((match) => match[1] ?? '');

    expect(named.sort()).toEqual([...types, 'deadLetter'].sort());
  });
});

function lookUp(document: unknown, reference: string): unknown {
  let at: unknown = document;
  for (const name of reference.slice(2).split('/')) {
    at = Object.entries(Object(at)).find(([key]) => key === name)?.[1];
  }
  return at;
}

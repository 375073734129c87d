import { readdirSync, readFileSync } from 'node:fs';

import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const FOLDER = new URL('../../schema/events/', import.meta.url);
const ENDING = '.schema.json';

const files = readdirSync(FOLDER).filter((file) => file.endsWith(ENDING));

function readSchema(file: string): EventSchema {
  const schema: EventSchema = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
  return schema;
}

type Event = Readonly<Record<string, unknown>>;

interface EventSchema {
  readonly examples: readonly Event[];
}

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
addFormats.default(ajv);
for (const file of files) ajv.addSchema(readSchema(file), file);

/** What the published schema of its type finds wrong with an event; empty: nothing. */
export function eventFaults(type: string, event: unknown): readonly string[] {
  const validate = ajv.getSchema(`${type}${ENDING}`);
  if (!validate) throw new Error(`no schema for ${type}`);
  if (validate(event)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath} ${message ?? ''}`,
  );
}

export const examplesOf = (type: string): readonly Event[] =>
  readSchema(`${type}${ENDING}`).examples;

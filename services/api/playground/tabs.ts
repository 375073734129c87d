import { readdir, readFile } from 'node:fs/promises';

import { Kind, parse } from 'graphql';

export interface Tab {
  readonly query: string;
  /** JSON, as the page's editors have it. */
  readonly variables: string;
  readonly headers: string;
}

const HEADERS = JSON.stringify({ Authorization: 'Bearer ' }, null, 2);

/** The ready operations as tabs, in the order of their file names. */
export async function readTabs(
  folder: URL,
  known: Readonly<Record<string, unknown>>,
): Promise<readonly Tab[]> {
  const names = (await readdir(folder)).filter((n) => n.endsWith('.graphql'));
  return Promise.all(
    names.sort().map(async (name) => {
      const query = await readFile(new URL(name, folder), 'utf8');
      return { query, variables: variablesOf(query, known), headers: HEADERS };
    }),
  );
}

/** Known arguments are filled in; of the others only required ones get a line. */
function variablesOf(query: string, known: Readonly<Record<string, unknown>>): string {
  const variables: Record<string, unknown> = {};
  for (const definition of parse(query).definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const { variable, type, defaultValue } of definition.variableDefinitions ?? []) {
      const name = variable.name.value;
      if (name in known) variables[name] = known[name];
      else if (type.kind === Kind.NON_NULL_TYPE && !defaultValue) variables[name] = '';
    }
  }
  return JSON.stringify(variables, null, 2);
}

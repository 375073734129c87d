import { createHash } from 'node:crypto';
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

/**
 * Runs before the editor, which restores the tabs of the last visit. After an update, or on another
 * database, their operations and ids no longer fit, so this script drops them. Otherwise it selects
 * the tab that was open last, because the editor itself would search for the text typed last and
 * add an unnamed tab at every visit.
 */
export function tabScript(tabs: readonly Tab[]): string {
  const version = createHash('sha256').update(JSON.stringify(tabs)).digest('base64url');
  return `<script>
(() => {
  const name = 'discord-connector-tabs';
  const keep = (part, text) =>
    text
      ? localStorage.setItem('graphiql:' + part, text)
      : localStorage.removeItem('graphiql:' + part);
  if (localStorage.getItem(name) !== '${version}') keep('tabState', null);
  localStorage.setItem(name, '${version}');
  const kept = JSON.parse(localStorage.getItem('graphiql:tabState'));
  const tab = kept?.tabs?.[kept.activeTabIndex];
  for (const part of ['query', 'variables']) keep(part, tab?.[part]);
})();
</script>`;
}

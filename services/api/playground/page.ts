import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { Kind, parse, valueFromASTUntyped } from 'graphql';

export interface PlaygroundPage {
  readonly gzipped: Buffer;
  readonly etag: string;
  readonly contentSecurityPolicy: string;
}

/**
 * Builds GraphiQL as one page without external assets. The page is 9 MB (2.5 MB compressed), so it
 * is built only once, when a browser first requests it. Its content security policy blocks every
 * external script and style.
 */
export async function renderPlaygroundPage(deps: {
  readonly operations: URL;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly title: string;
}): Promise<PlaygroundPage> {
  // This module contains 9 MB of text, so it is imported only when the page is first opened.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const tabs = await readTabs(deps.operations, deps.variables);
  const page = renderGraphiQL({
    title: deps.title,
    defaultTabs: [...tabs],
    headers: tabs[0]?.headers ?? '{}',
    defaultHeaders: tabs[0]?.headers ?? '{}',
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'variables',
    credentials: 'omit',
  });
  const before = `${pageStyle}${keyScript}${tabScript(tabs)}`;
  const html = page
    .replace('<script>', () => `${before}<script>`)
    .replace(
      '"defaultEditorToolsVisibility":"variables"',
      `"defaultEditorToolsVisibility":sessionStorage.getItem('${KEY_NAME}')?'variables':'headers'`,
    );
  const gzipped = await promisify(gzip)(html, { level: 9 });
  return {
    gzipped,
    etag: `"${createHash('sha256').update(gzipped).digest('base64url')}"`,
    contentSecurityPolicy: policyFor(html),
  };
}

/** Returns a policy that allows only the page's own scripts and connections to this server. */
function policyFor(html: string): string {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, text]) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src ${scripts.join(' ')}`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Where the browser tab keeps the key. Without one, the pane that asks for it is open. */
const KEY_NAME = 'discord-connector-key';

/**
 * This script runs before the editor. Each editor tab has its own headers. A key typed in one of
 * them is also used for reading the schema and for every editor tab whose `Authorization` header
 * has no key yet, until the browser tab is closed. `/admin#key=…` sets the key: browsers never send
 * a fragment, so no server logs the key.
 */
const keyScript = `<script>
(() => {
  const name = '${KEY_NAME}';
  const given = /^#key=([!-~]+)$/.exec(location.hash);
  if (given) {
    sessionStorage.setItem(name, decodeURIComponent(given[1]));
    history.replaceState(null, '', location.pathname + location.search);
  }
  const send = window.fetch.bind(window);
  window.fetch = (input, init = {}) => {
    const headers = new Headers(init.headers);
    const typed = /^Bearer +(\\S+)$/.exec(headers.get('authorization') || '');
    const kept = sessionStorage.getItem(name);
    if (typed && typed[1] !== kept) {
      sessionStorage.setItem(name, typed[1]);
      const refetch = 'button[aria-label^="Re-fetch GraphQL schema"]';
      setTimeout(() => document.querySelector(refetch)?.click(), 500);
    } else if (!typed && kept) headers.set('authorization', 'Bearer ' + kept);
    return send(input, { ...init, headers });
  };
})();
</script>`;

/**
 * The editor is as high as the window, so the browser's default margin is removed; otherwise the
 * page would scroll. On a desktop the tabs wrap, so that all built-in operations are visible. On a
 * phone the response is below the operation.
 *
 * Tabs have no transform. GraphiQL animates tabs as if they were in one row, so a tab in a second
 * row jumped away from the pointer when pressed, and a single click did nothing.
 */
const pageStyle = `<style>
html, body { margin: 0; height: 100%; overflow: hidden; }
.graphiql-container .graphiql-tab { transform: none !important; }
.graphiql-container .graphiql-logo { white-space: nowrap; font-size: 15px; }
@media (min-width: 761px) {
  .graphiql-container .graphiql-session-header { height: auto; }
  .graphiql-container .graphiql-tabs { flex-wrap: wrap; }
}
@media (max-width: 760px) {
  .graphiql-container .graphiql-logo { display: none; }
  .graphiql-container .graphiql-sidebar { width: 44px; padding-inline: 0; align-items: center; }
  .graphiql-container #graphiql-session { flex-direction: column; }
}
</style>`;

interface Tab {
  readonly query: string;
  /** JSON text, as the editor shows it. */
  readonly variables: string;
  readonly headers: string;
}

const HEADERS = JSON.stringify({ Authorization: 'Bearer ' }, null, 2);

/** Reads the operations in `folder` as tabs, in the order of their file names. */
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

/**
 * Returns the variables of an operation as JSON: values from `known`, else the operation's defaults,
 * so that a reader sees what can be changed. Required variables with neither are empty.
 */
function variablesOf(query: string, known: Readonly<Record<string, unknown>>): string {
  const variables: Record<string, unknown> = {};
  for (const definition of parse(query).definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const { variable, type, defaultValue } of definition.variableDefinitions ?? []) {
      const name = variable.name.value;
      if (name in known) variables[name] = known[name];
      else if (defaultValue) variables[name] = valueFromASTUntyped(defaultValue);
      else if (type.kind === Kind.NON_NULL_TYPE) variables[name] = '';
    }
  }
  return JSON.stringify(variables, null, 2);
}

/**
 * This script runs before the editor restores the tabs of the last visit. If the built-in tabs have
 * changed since then, after an update or on another database, the script drops the stored tabs.
 * Otherwise it selects the tab that was open last. The editor itself would search for the text
 * typed last and add an unnamed tab at every visit.
 */
function tabScript(tabs: readonly Tab[]): string {
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

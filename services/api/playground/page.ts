import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { keyScript } from './key-script.js';
import { pageStyle } from './page-style.js';
import { tabScript } from './tab-script.js';
import { readTabs } from './tabs.js';

export interface PlaygroundPage {
  readonly gzipped: Buffer;
  readonly etag: string;
  readonly contentSecurityPolicy: string;
}

/**
 * GraphiQL as one page without any outside asset: 9 MB, 2.5 MB compressed, so it is made once, when
 * it is first asked for. Fails if a script or style came from elsewhere.
 */
export async function renderPlaygroundPage(deps: {
  readonly operations: URL;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly title: string;
}): Promise<PlaygroundPage> {
  // A module with 9 MB of text: only loaded when the page is opened.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const tabs = await readTabs(deps.operations, deps.variables);
  const page = renderGraphiQL({
    title: deps.title,
    defaultTabs: [...tabs],
    headers: tabs[0]?.headers ?? '{}',
    defaultHeaders: tabs[0]?.headers ?? '{}',
    shouldPersistHeaders: false,
    credentials: 'omit',
  });
  const before = `${pageStyle}${keyScript}${tabScript(tabs)}`;
  const html = page.replace('<script>', () => `${before}<script>`);
  const gzipped = await promisify(gzip)(html, { level: 9 });
  return {
    gzipped,
    etag: `"${createHash('sha256').update(gzipped).digest('base64url')}"`,
    contentSecurityPolicy: policyFor(html),
  };
}

/** Exactly the page's own scripts may run, and they may talk to this server only. */
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

import { createHash } from 'node:crypto';

import type { FastifyReply } from 'fastify';

export interface HtmlPage {
  readonly status: number;
  readonly title: string;
  readonly body: Markup;
  /** Origins to which the form may submit or redirect. Absent if the page has no form. */
  readonly formOrigins?: readonly string[];
}

/**
 * Sends one of our own pages. Pages have no script and no external assets, and are neither cached
 * nor framed.
 */
export function sendPage(reply: FastifyReply, page: HtmlPage): FastifyReply {
  const formAction = page.formOrigins ? ["'self'", ...page.formOrigins].join(' ') : "'none'";
  return reply
    .code(page.status)
    .headers({
      'content-security-policy': [
        "default-src 'none'",
        `style-src ${STYLE_HASH}`,
        `form-action ${formAction}`,
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
      'cache-control': 'no-store',
      // The URLs of these pages contain tickets, which must not be sent to another site.
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
    })
    .type('text/html; charset=utf-8')
    .send(documentOf(page).text);
}

const documentOf = ({ title, body }: HtmlPage): Markup => markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
${STYLE}
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;

/** Trusted HTML, which is not escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = string | Markup | readonly Markup[] | null;

/** Builds HTML. Strings are escaped; `Markup` values are inserted as they are. */
export function markup(strings: TemplateStringsArray, ...values: Value[]): Markup {
  const parts = strings.map((text, index) => text + markupOf(values[index]));
  return new Markup(parts.join(''));
}

function markupOf(value: Value | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return escape(value);
  return value instanceof Markup ? value.text : value.map(markupOf).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => ESCAPES[letter] ?? '');

/**
 * Shows one centred card, about as wide as a phone, in light or dark colours as the system
 * requests.
 */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: #eef0f6; --card: #ffffff; --ink: #1b1e2b; --quiet: #565c70; --line: #d9dde8; --accent: #4752c4; --accent-ink: #ffffff; --good: #12703f; --waiting: #7a4f00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ground: #13151d; --card: #1f222e; --ink: #eceef6; --quiet: #a9afc4; --line: #363b4d; --accent: #5865f2; --good: #5fd394; --waiting: #f0b95a; --bad: #ff8f85; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center; padding: 1.25rem 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; overflow-wrap: anywhere; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.75rem 1.5rem 1.25rem; box-shadow: 0 1px 2px rgb(0 0 0 / .06), 0 12px 32px rgb(0 0 0 / .08); }
.mark { display: grid; place-items: center; width: 3rem; height: 3rem; border-radius: 50%; font-size: 1.5rem; font-weight: 700; line-height: 1; color: var(--tone); border: 2px solid currentColor; margin-bottom: 1rem; }
.good { --tone: var(--good); } .waiting { --tone: var(--waiting); } .bad { --tone: var(--bad); }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; margin: 0 0 .75rem; text-wrap: balance; }
p { margin: 0 0 .85rem; }
p, li { text-wrap: pretty; }
.next { font-weight: 600; }
dl { margin: 1.25rem 0; border: 1px solid var(--line); border-radius: .75rem; }
dl > div { padding: .7rem 1rem; }
dl > div + div { border-top: 1px solid var(--line); }
dt { font-size: .875rem; color: var(--quiet); }
dd { margin: 0; font-size: 1.125rem; font-weight: 600; }
dd small { display: block; font-size: .875rem; font-weight: 400; color: var(--quiet); }
h2 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
ul { margin: 0 0 1rem; padding-left: 1.2rem; }
li { margin: .2rem 0; }
.notes { border-left: 3px solid var(--waiting); padding: .1rem 0 .1rem .9rem; margin: 1rem 0; }
.notes ul { margin: 0; }
form { margin: 1.25rem 0 0; }
button, a.button { display: block; width: 100%; min-height: 3rem; padding: .75rem 1rem; border: 0; border-radius: .65rem; background: var(--accent); color: var(--accent-ink); font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; }
button:hover, a.button:hover { filter: brightness(1.08); }
a { color: inherit; }
:is(a, button):focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
.aside { text-align: center; margin: .75rem 0 .25rem; }
.aside a { display: inline-block; padding: .6rem .5rem; color: var(--quiet); }
footer { margin-top: 1.25rem; padding-top: .85rem; border-top: 1px solid var(--line); font-size: .8125rem; color: var(--quiet); }
code { display: inline-block; font: .8125rem ui-monospace, 'SF Mono', Menlo, Consolas, monospace; }
@media (max-width: 24rem) { main { padding: 1.4rem 1.1rem 1rem; } h1 { font-size: 1.35rem; } }
`;

const STYLE = new Markup(`<style>${PAGE_STYLE}</style>`);

const STYLE_HASH = `'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'`;

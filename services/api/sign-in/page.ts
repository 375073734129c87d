import { createHash } from 'node:crypto';

import type { FastifyReply } from 'fastify';

import { markup, Markup } from './markup.js';
import { PAGE_STYLE } from './page-style.js';

export interface HtmlPage {
  readonly status: number;
  readonly title: string;
  readonly body: Markup;
  /** Origins the form may lead to, including redirects; none: the page has no form. */
  readonly formOrigins?: readonly string[];
}

/** A page of our own: no script, no external assets, not cached, not framed. */
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
      // Addresses of these pages hold tickets.
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
    })
    .type('text/html; charset=utf-8')
    .send(documentOf(page).text);
}

const STYLE = new Markup(`<style>${PAGE_STYLE}</style>`);

const STYLE_HASH = `'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'`;

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

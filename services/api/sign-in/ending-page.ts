import { isLoopback, readWebAddress } from '../../lib/web-address.js';
import { ENDING_TEXTS, type SignInOutcome } from './endings.js';
import { markup, type Markup } from './markup.js';
import type { HtmlPage } from './page.js';
import type { DiscordAccount } from './ports.js';

const MARKS = { good: '✓', waiting: '…', bad: '!' } as const;

/** What happened and what to do next, with a code and request id for support. */
export function endingPage(ending: SignInOutcome, requestId: string): HtmlPage {
  const { status, tone, title, what, next } = ENDING_TEXTS[ending.code];
  const { account, ticket } = ending;
  return {
    status,
    title,
    body: markup`<div class="mark ${tone}" aria-hidden="true">${MARKS[tone]}</div>
<h1>${title}</h1>
<p>${what}</p>
${account && ticket ? linkOf(account, ticket.clientName) : null}
${notes(ending)}
<p class="next">${next}</p>
${invitation(ending.inviteUrl ?? null)}
${ending.retryUrl ? linkButton(ending.retryUrl, 'Try again') : null}
<footer>Code <code>${ending.code}</code>, request <code>${requestId}</code></footer>`,
  };
}

function linkOf(account: DiscordAccount, community: string): Markup {
  const { username, displayName } = account;
  return markup`<dl>
<div><dt>Your Discord account</dt><dd><bdi>${displayName ?? username}</bdi><small><bdi>${username}</bdi></small></dd></div>
<div><dt>Community</dt><dd><bdi>${community}</bdi></dd></div>
</dl>`;
}

const OTHER_EMAIL =
  'Your e-mail address on Discord is different from the one on the platform. If you have several Discord accounts, check that this is the right one.';

function notes({ hasOtherEmail, warnings = [] }: SignInOutcome): Markup | null {
  const all = hasOtherEmail ? [OTHER_EMAIL, ...warnings] : warnings;
  if (all.length === 0) return null;
  const items = all.map((note) => markup`<li>${note}</li>`);
  return markup`<div class="notes"><ul>${items}</ul></div>`;
}

function invitation(inviteUrl: string | null): Markup | null {
  const url = inviteUrl === null ? null : readWebAddress(inviteUrl);
  if (!url || (url.protocol !== 'https:' && !isLoopback(url.hostname))) return null;
  return linkButton(url.href, 'Join the Discord server');
}

const linkButton = (address: string, text: string): Markup =>
  markup`<p><a class="button" href="${address}">${text}</a></p>`;

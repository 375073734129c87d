import { isLoopback, readWebAddress } from '../../lib/web-address.js';
import { ENDING_TEXTS, type SignInOutcome } from './endings.js';
import { type HtmlPage, markup, type Markup } from './page.js';
import type { DiscordAccount, SignInClient, TicketView } from './ports.js';

/**
 * Builds the start page. It names the platform account to be linked, so that a person who opened
 * someone else's link notices the wrong account.
 */
export function startPage(given: {
  readonly ticket: TicketView;
  readonly client: SignInClient;
  readonly formToken: string;
  readonly returnAddress: string | null;
}): HtmlPage {
  const { client, returnAddress } = given;
  return {
    status: 200,
    title: 'Link your Discord account',
    formOrigins: [new URL(client.application.authorizeUrl).origin],
    body: markup`<h1>Link your Discord account</h1>
<p>You are about to link your Discord account to this account:</p>
<dl>
${accountOf(given.ticket)}
<div><dt>Community</dt><dd><bdi>${client.name}</bdi></dd></div>
</dl>
<p><strong>Continue only if this account is yours.</strong> If someone else sent you this link, close this page.</p>
<h2>Discord will ask you to let us</h2>
<ul>
<li>see which Discord account is yours</li>
${client.email === 'NONE' ? null : EMAIL_ITEM}<li>add you to the community’s server</li>
</ul>
<form method="post">
<input type="hidden" name="token" value="${given.formToken}">
<button type="submit">Continue to Discord</button>
</form>
${returnAddress === null ? null : wayBack(returnAddress)}`,
  };
}

const EMAIL_ITEM = markup`<li>see your e-mail address</li>
`;

function accountOf({ platformUserId, platformUsername }: TicketView): Markup {
  const id = markup`<bdi>${platformUserId}</bdi>`;
  const shown =
    platformUsername === null ? id : markup`<bdi>${platformUsername}</bdi><small>ID ${id}</small>`;
  return markup`<div><dt>Your account on the platform</dt><dd>${shown}</dd></div>`;
}

const wayBack = (address: string): Markup =>
  markup`<p class="aside"><a href="${address}">Not now, back to ${new URL(address).host}</a></p>`;

const MARKS = { good: '✓', waiting: '…', bad: '!' } as const;

/** Builds the result page: what happened, what to do next, and a request id for support. */
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

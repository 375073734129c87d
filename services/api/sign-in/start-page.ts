import { markup, type Markup } from './markup.js';
import type { HtmlPage } from './page.js';
import type { SignInClient, TicketView } from './ports.js';

/**
 * Shows which accounts are about to be linked, so that a person who follows someone else's link
 * notices it.
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

import type { FastifyReply, FastifyRequest } from 'fastify';

import { InputError } from '../../lib/errors.js';
import { callbackAddress, readReturnAddress, type SignInSite } from './addresses.js';
import type { SignInOutcome } from './endings.js';
import { sendPage } from './page.js';
import { startPage } from './pages.js';
import type { SignInClient, SignInPorts, TicketView } from './ports.js';
import { type CookieJar, hashOf, isSame, isSecret, newSecret } from './secrets.js';

export interface SignInDoor {
  readonly ports: SignInPorts;
  readonly site: SignInSite;
  /** Base of this service's public URLs. */
  readonly base: string;
  readonly cookies: CookieJar;
}

/**
 * Shows the page that asks for confirmation. Changes nothing in the store, because programs open
 * links for previews. Returns null once the page is sent, otherwise the result to show.
 */
export async function showStart(
  { ports, site, cookies }: SignInDoor,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<SignInOutcome | null> {
  const secret = ticketOf(request);
  if (secret === null) return { code: 'INCOMPLETE' };
  const ticket = await ports.findTicket(hashOf(secret));
  if (ticket === null) return { code: 'EXPIRED' };
  const known = cookies.browserOf(request);
  if (isOthers(ticket, known)) return { code: 'OTHER_BROWSER' };
  const client = await findClient(ports, ticket);
  if (client === null) return { code: 'CLIENT_GONE', ticket };
  const browser = known ?? newSecret();
  // The cookie is set again even if the browser has it, so that the cookie outlives this ticket.
  cookies.nameBrowser(reply, browser);
  sendPage(
    reply,
    startPage({
      ticket,
      client,
      formToken: formTokenOf(browser, secret),
      returnAddress: ticket.returnTo && readReturnAddress(ticket.returnTo, site.returnOrigins),
    }),
  );
  return null;
}

/**
 * Binds the ticket to this browser and redirects to Discord. Returns null after the redirect,
 * otherwise the result to show.
 */
export async function goToDiscord(
  door: SignInDoor,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<SignInOutcome | null> {
  const { ports, base, cookies } = door;
  const ticketSecret = ticketOf(request);
  if (ticketSecret === null) return { code: 'INCOMPLETE' };
  const browser = cookies.browserOf(request);
  const token = browser === null ? null : formTokenOf(browser, ticketSecret);
  if (!isFromOurPage(request, new URL(base).origin, token)) return { code: 'FOREIGN_FORM' };
  if (browser === null) return { code: 'NO_COOKIES' };
  const ticket = await ports.findTicket(hashOf(ticketSecret));
  if (ticket === null) return { code: 'EXPIRED' };
  if (isOthers(ticket, browser)) return { code: 'OTHER_BROWSER' };
  const client = await findClient(ports, ticket);
  if (client === null) return { code: 'CLIENT_GONE', ticket };
  return askAtDiscord(door, reply, { ticket, ticketSecret, client, browser });
}

async function askAtDiscord(
  { ports, base, cookies }: SignInDoor,
  reply: FastifyReply,
  given: {
    readonly ticket: TicketView;
    readonly ticketSecret: string;
    readonly client: SignInClient;
    readonly browser: string;
  },
): Promise<SignInOutcome | null> {
  const { ticket, ticketSecret, client, browser } = given;
  const state = newSecret();
  const codeVerifier = newSecret();
  const address = await ports.oauth.authorizeAddress(client.application, {
    redirectUri: callbackAddress(base, client),
    scopes: ['identify', 'guilds.join', ...(client.email === 'NONE' ? [] : ['email'])],
    state,
    codeVerifier,
  });
  const bound = await ports.bindTicket(ticket.ticketHash, {
    browserHash: hashOf(browser),
    stateHash: hashOf(state),
    codeVerifier,
  });
  if (bound === 'GONE') return { code: 'EXPIRED', ticket };
  if (bound === 'OTHER_BROWSER') return { code: 'OTHER_BROWSER' };
  cookies.nameBrowser(reply, browser);
  cookies.keepState(reply, { state, ticket: ticketSecret });
  void reply
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .redirect(address, 303);
  return null;
}

function ticketOf({ query }: FastifyRequest): string | null {
  const ticket = parameterOf(query, 'ticket');
  return isSecret(ticket) ? ticket : null;
}

function isOthers({ browserHash }: TicketView, browser: string | null): boolean {
  if (browserHash === null) return false;
  return browser === null || !isSame(browserHash, hashOf(browser));
}

export async function findClient(
  ports: SignInPorts,
  { clientId }: TicketView,
): Promise<SignInClient | null> {
  try {
    return await ports.findSignInClient(clientId);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** Returns the form's token. Only a browser that was shown the form can send this token. */
const formTokenOf = (browser: string, ticket: string): string =>
  hashOf(`form ${browser} ${ticket}`);

/**
 * Returns whether the form was sent from our page. Usually Sec-Fetch-Site or Origin shows this. But
 * some browsers do not send Sec-Fetch-Site over http or at all, and our no-referrer policy can hide
 * Origin. If both are missing, the form must contain the token.
 */
function isFromOurPage(
  { headers, body }: FastifyRequest,
  origin: string,
  formToken: string | null,
): boolean {
  const fetchSite = headers['sec-fetch-site'];
  const named = headers.origin === 'null' ? undefined : headers.origin;
  if (fetchSite !== undefined && fetchSite !== 'same-origin') return false;
  if (named !== undefined && named !== origin) return false;
  if (fetchSite !== undefined || named !== undefined) return true;
  const token = parameterOf(body, 'token');
  return typeof token === 'string' && formToken !== null && isSame(token, formToken);
}

/** Returns a query or form parameter: undefined if it is absent, a list if it is repeated. */
export function parameterOf(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null
    ? new Map<string, unknown>(Object.entries(from)).get(name)
    : undefined;
}

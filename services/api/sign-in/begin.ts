import { InputError } from '../../lib/errors.js';
import type { ClientId } from '../../model.js';
import { checkInputText, checkPlatformId, ifGiven } from '../kit/checks.js';
import type { BeginDiscordLinkInput } from '../links/link.input.js';
import { callbackAddress, checkReturnAddress, type SignInSite, startAddress } from './addresses.js';
import type { SignInPorts } from './ports.js';
import { hashOf, newSecret } from './secrets.js';

const TICKET_LIFE_MS = 10 * 60 * 1000;

interface BegunLink {
  readonly url: string;
  readonly expiresAt: Date;
  readonly warnings: readonly string[];
}

/** Creates a ticket and the URL that contains it. Only the ticket's hash is stored. */
export async function beginLink(
  deps: {
    readonly ports: Pick<SignInPorts, 'openTicket' | 'findSignInClient'>;
    readonly site: SignInSite;
  },
  request: {
    readonly clientId: ClientId;
    readonly input: BeginDiscordLinkInput;
    readonly now: Date;
  },
): Promise<BegunLink> {
  const { ports, site } = deps;
  const { clientId, input } = request;
  const wanted = {
    platformUserId: checkPlatformId(input.platformUserId, 'input.platformUserId'),
    email: ifGiven(input.email, checkEmail),
    returnTo: ifGiven(input.returnTo, (address) =>
      checkReturnAddress(address, 'input.returnTo', site.returnOrigins),
    ),
  };
  const base = requireBase(site);
  const client = await ports.findSignInClient(clientId);
  const ticket = newSecret();
  const expiresAt = new Date(request.now.getTime() + TICKET_LIFE_MS);
  const ticketHash = hashOf(ticket);
  await ports.openTicket({ ticketHash, clientId, ...wanted, expiresAt });
  return {
    url: startAddress(base, ticket),
    expiresAt,
    warnings: warningsOf(base, callbackAddress(base, client)),
  };
}

function requireBase(site: SignInSite): string {
  const base = site.base();
  if (base !== null) return base;
  throw new InputError(
    'FAILED_PRECONDITION',
    'PUBLIC_URL is not set, so the connector cannot build the address of the sign-in page.',
  );
}

function checkEmail(value: string): string {
  const email = checkInputText(value, 'input.email', 320).trim();
  if (/^[^\s@]+@[^\s@]+$/.test(email)) return email;
  throw new InputError('BAD_USER_INPUT', '`email` must be an e-mail address.', 'input.email');
}

function warningsOf(base: string, callback: string): readonly string[] {
  if (new URL(base).origin === new URL(callback).origin) return [];
  return [
    "The client's callbackUrl has a different origin than PUBLIC_URL. Browsers do not send the sign-in cookies there, so linking cannot finish.",
  ];
}

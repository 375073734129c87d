import type {
  Consent,
  DiscordAccount,
  LinkedOutcome,
  OAuthPort,
  SignInClient,
  SignInPorts,
  Ticket,
  TicketView,
} from '../../services/api/sign-in/ports.js';
import type { DiscordClient } from '../../services/api/clients/discord-client.types.js';
import { InputError, TerminalError } from '../../services/lib/errors.js';
import type { TokenGrant } from '../../services/model.js';

/** What Discord and the store hold, as signing in sees it. */
export interface SignInWorld {
  tickets: Map<string, KeptTicket>;
  /** By grant: what became of it. */
  grants: Map<string, 'KEPT' | 'DISCARDED' | 'LINKED'>;
  /** Account by platform user. */
  linked: Record<string, string>;
  /** Accounts that are another person's. */
  claimed: string[];
  deletedUsers: string[];
  /** What Discord grants and says of whoever agrees. */
  grant: TokenGrant;
  account: DiscordAccount;
  outcome: LinkedOutcome;
  warnings: string[];
  usernames: Record<string, string>;
  /** The consent that was asked for last. */
  asked: Parameters<OAuthPort['authorizeAddress']>[1] | null;
}

interface KeptTicket extends Ticket {
  consent: Consent | null;
  isStateLive: boolean;
  isSpent: boolean;
}

/** The only code that the fake Discord takes, and only once. */
export const GOOD_CODE = 'the-code-that-discord-gave';
export const ACCESS_TOKEN = 'access-token-nobody-may-see';
export const REFRESH_TOKEN = 'refresh-token-nobody-may-see';
export const CLIENT_SECRET = 'client-secret-nobody-may-see';

export const aSignInWorld = (): SignInWorld => ({
  tickets: new Map(),
  grants: new Map(),
  linked: {},
  claimed: [],
  deletedUsers: [],
  grant: {
    accessToken: ACCESS_TOKEN,
    refreshToken: REFRESH_TOKEN,
    expiresAt: new Date('2026-11-29T18:00:00Z'),
    scopes: ['identify', 'guilds.join', 'email'],
  },
  account: {
    discordUserId: '400000000000000009',
    username: 'alice.at.discord',
    displayName: 'Alice of Discord',
    email: 'alice@example.org',
    isEmailVerified: true,
    isBot: false,
  },
  outcome: { kind: 'IN_GUILD', isScreened: false },
  warnings: [],
  usernames: { alice: 'Alice' },
  asked: null,
});

export function signInPort(
  world: SignInWorld,
  clients: () => readonly DiscordClient[],
): Omit<SignInPorts, 'oauth'> {
  const clientOf = (id: string): SignInClient => {
    const client = clients().find((one) => one.id === id);
    if (!client) throw new InputError('NOT_FOUND', 'there is no such client');
    return toSignInClient(client);
  };
  const live = (hash: string) => {
    const ticket = world.tickets.get(hash);
    return ticket && !ticket.isSpent ? ticket : null;
  };
  const view = (ticket: KeptTicket): TicketView => ({
    ...ticket,
    platformUsername: world.usernames[ticket.platformUserId] ?? null,
    clientName: clientOf(ticket.clientId).name,
    browserHash: ticket.consent?.browserHash ?? null,
  });
  return {
    openTicket: async (ticket) => {
      if (world.deletedUsers.includes(ticket.platformUserId))
        throw new InputError('FAILED_PRECONDITION', 'the user is deleted');
      world.tickets.set(ticket.ticketHash, {
        ...ticket,
        consent: null,
        isStateLive: false,
        isSpent: false,
      });
    },
    findTicket: async (hash) => {
      const ticket = live(hash);
      return ticket && view(ticket);
    },
    bindTicket: async (hash, consent) => {
      const ticket = live(hash);
      if (!ticket) return 'GONE';
      const bound = ticket.consent?.browserHash ?? consent.browserHash;
      if (bound !== consent.browserHash) return 'OTHER_BROWSER';
      Object.assign(ticket, { consent, isStateLive: true });
      return 'BOUND';
    },
    takeState: async (stateHash) => {
      for (const ticket of world.tickets.values()) {
        const { consent, isStateLive, isSpent } = ticket;
        if (!isStateLive || isSpent || consent?.stateHash !== stateHash) continue;
        ticket.isStateLive = false;
        return { ...view(ticket), ...consent };
      }
      return null;
    },
    spendTicket: async (hash) => {
      const ticket = live(hash);
      if (ticket) ticket.isSpent = true;
      return ticket !== null;
    },
    keepGrant: async () => {
      const grantId = `grant-${world.grants.size + 1}`;
      world.grants.set(grantId, 'KEPT');
      return grantId;
    },
    discardGrant: async (grantId) => {
      world.grants.set(grantId, 'DISCARDED');
    },
    linkSignedIn: async ({ grantId, platformUserId, account }) => {
      if (world.deletedUsers.includes(platformUserId))
        throw new InputError('FAILED_PRECONDITION', 'the user is deleted');
      if (world.claimed.includes(account.discordUserId))
        throw new InputError('CONFLICT', 'claimed');
      world.grants.set(grantId, 'LINKED');
      world.linked[platformUserId] = account.discordUserId;
      return { linkId: 'link-1', warnings: world.warnings };
    },
    awaitLinked: async () => world.outcome,
    findSignInClient: async (id) => clientOf(id),
  };
}

/**
 * Like Discord it takes a code once, and only with the verifier and the address that it was asked
 * for with.
 */
export function oauthPort(world: SignInWorld): OAuthPort {
  const codes = new Set([GOOD_CODE]);
  return {
    authorizeAddress: async ({ authorizeUrl }, request) => {
      world.asked = request;
      codes.add(GOOD_CODE);
      return `${authorizeUrl}?state=${request.state}`;
    },
    exchangeCode: async (_app, { code, codeVerifier, redirectUri }) => {
      const fits =
        codeVerifier === world.asked?.codeVerifier && redirectUri === world.asked.redirectUri;
      if (!fits || !codes.delete(code))
        throw new TerminalError('INVALID_GRANT', 'the code is dead');
      return world.grant;
    },
    readAccount: async (_app, accessToken) => {
      if (accessToken !== world.grant.accessToken)
        throw new TerminalError('INVALID_GRANT', 'the token is dead');
      return world.account;
    },
    revoke: async () => undefined,
  };
}

const toSignInClient = (client: DiscordClient): SignInClient => ({
  clientId: client.id,
  name: client.name,
  guildId: client.guildId,
  callbackUrl: client.callbackUrl,
  inviteUrl: client.inviteUrl,
  email: client.linking.email,
  keepsTokens: client.linking.keepsTokens,
  application: {
    clientId: client.id,
    applicationId: client.applicationId,
    clientSecret: CLIENT_SECRET,
    ...client.endpoints,
  },
});

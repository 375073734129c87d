/**
 * What signing in needs. In: hashes of tickets, states and browsers, never the values themselves.
 * Out: the person to link, and the result. Never: a role added or a member joined by the request
 * itself; the link is marked, and the path does the rest.
 */
import type {
  Cause,
  ClientId,
  DiscordUserId,
  EmailRule,
  JoinRefusal,
  LinkId,
  OAuthApplication,
  PlatformUserId,
  TokenGrant,
} from '../../model.js';

/** A link about to be made. It lives ten minutes, and is spent once. */
export interface Ticket {
  readonly ticketHash: string;
  readonly clientId: ClientId;
  readonly platformUserId: PlatformUserId;
  /** The person's name on the platform; null if unknown. */
  readonly email: string | null;
  /** On the list of allowed addresses, checked when the ticket was made. */
  readonly returnTo: string | null;
  readonly expiresAt: Date;
}

/** A ticket as its page shows it. `browserHash` is the first browser's that went on. */
export interface TicketView extends Ticket {
  readonly platformUsername: string | null;
  readonly clientName: string;
  readonly browserHash: string | null;
}

export interface Consent {
  readonly browserHash: string;
  readonly stateHash: string;
  /** Kept encrypted. */
  readonly codeVerifier: string;
}

interface TicketPort {
  /**
   * Throws InputError: NOT_FOUND for a client that is not there, FAILED_PRECONDITION for a deleted
   * user or client.
   */
  openTicket(ticket: Ticket): Promise<void>;
  /** Null: never made, spent or expired. */
  findTicket(ticketHash: string): Promise<TicketView | null>;
  /**
   * The first browser wins. That browser may begin again, which invalidates its earlier state.
   * Resolves when no running revocation could still end the grant that the person is about to give.
   */
  bindTicket(ticketHash: string, consent: Consent): Promise<'BOUND' | 'OTHER_BROWSER' | 'GONE'>;
  /**
   * Takes the state for one `attempt`, which may take it again if the response was lost. Null:
   * unknown, taken by another attempt, or its ticket is gone. The ticket stays valid.
   */
  takeState(stateHash: string, attempt: string): Promise<(TicketView & Consent) | null>;
  /** False: another attempt has spent it, or it has expired. */
  spendTicket(ticketHash: string, attempt: string): Promise<boolean>;
}

/** One client, as signing in needs it; with its secret, so never to be shown. */
export interface SignInClient {
  readonly clientId: ClientId;
  readonly name: string;
  readonly guildId: string;
  /** Registered with the application; null: the address this process is known by is used. */
  readonly callbackUrl: string | null;
  readonly inviteUrl: string | null;
  readonly email: EmailRule;
  readonly keepsTokens: boolean;
  readonly application: OAuthApplication;
}

export interface DiscordAccount {
  readonly discordUserId: DiscordUserId;
  readonly username: string;
  readonly displayName: string | null;
  readonly email: string | null;
  readonly isEmailVerified: boolean;
  readonly isBot: boolean;
}

/**
 * The calls throw TerminalError (INVALID_GRANT, INVALID_CLIENT, REFUSED), RetryLaterError or
 * UnavailableError; none of them names a secret.
 */
export interface OAuthPort {
  authorizeAddress(
    application: OAuthApplication,
    request: {
      readonly redirectUri: string;
      readonly scopes: readonly string[];
      readonly state: string;
      readonly codeVerifier: string;
    },
  ): Promise<string>;
  exchangeCode(
    application: OAuthApplication,
    request: { readonly code: string; readonly redirectUri: string; readonly codeVerifier: string },
  ): Promise<TokenGrant>;
  readAccount(application: OAuthApplication, accessToken: string): Promise<DiscordAccount>;
  /** For a grant that could not be stored; stored grants are revoked by the store. */
  revoke(application: OAuthApplication, token: string): Promise<void>;
}

interface GrantPort {
  /**
   * Stored encrypted as soon as Discord issues it, and revoked if no link is made within two
   * minutes.
   */
  keepGrant(clientId: ClientId, grant: TokenGrant, ticketHash: string): Promise<string>;
  /** Tokens to revoke at Discord, soon and with retries. */
  discardGrant(grantId: string): Promise<void>;
}

interface SignedInLinkPort {
  /**
   * Makes the link, and has the path bring the person in with their roles. Throws InputError
   * CONFLICT when the account is another person's, FAILED_PRECONDITION when the user or the client
   * is deleted; nothing is changed then.
   */
  linkSignedIn(request: {
    readonly grantId: string;
    readonly clientId: ClientId;
    readonly platformUserId: PlatformUserId;
    readonly account: DiscordAccount;
    readonly cause: Cause;
  }): Promise<{ readonly linkId: LinkId; readonly warnings: readonly string[] }>;
  /** The outcome, if known within `waitMs`. */
  awaitLinked(linkId: LinkId, waitMs: number): Promise<LinkedOutcome>;
}

/** `WAITING`: not known yet, the path goes on by itself. */
export type LinkedOutcome =
  | { readonly kind: 'IN_GUILD'; readonly isScreened: boolean }
  | { readonly kind: 'NOT_IN_GUILD'; readonly refusal: JoinRefusal | null }
  | { readonly kind: 'WAITING' };

export interface SignInPorts extends TicketPort, GrantPort, SignedInLinkPort {
  /**
   * Throws InputError NOT_FOUND or FAILED_PRECONDITION when it is not there any more, or not to be
   * used.
   */
  findSignInClient(clientId: ClientId): Promise<SignInClient>;
  readonly oauth: OAuthPort;
}

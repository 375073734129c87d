/**
 * The API's ports for sign-in. They receive hashes of tickets, states and browser secrets, never
 * the values. They return the user to link and the outcome of the sign-in. They never add a role or
 * a member during the request: a worker does that afterwards.
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

/**
 * A sign-in that was started for a platform user. It expires after ten minutes and can be used
 * once.
 */
export interface Ticket {
  readonly ticketHash: string;
  readonly clientId: ClientId;
  readonly platformUserId: PlatformUserId;
  /** The person's e-mail address on the platform; null if unknown. */
  readonly email: string | null;
  /**
   * Where the person is redirected after sign-in; null if they stay on our page. It was checked
   * against the allowed origins when the ticket was made.
   */
  readonly returnTo: string | null;
  readonly expiresAt: Date;
}

/**
 * A ticket with the names that its page shows. `browserHash` is the hash of the first browser that
 * continued to Discord; null until then.
 */
export interface TicketView extends Ticket {
  readonly platformUsername: string | null;
  readonly clientName: string;
  readonly browserHash: string | null;
}

export interface Consent {
  readonly browserHash: string;
  readonly stateHash: string;
  /** The PKCE verifier, stored encrypted. */
  readonly codeVerifier: string;
}

interface TicketPort {
  /**
   * Stores a ticket. Throws InputError NOT_FOUND for an unknown client, and FAILED_PRECONDITION if
   * the user was deleted or the client is being deleted.
   */
  openTicket(ticket: Ticket): Promise<void>;
  /** Returns null if the ticket is unknown, used or expired, or if its client is being deleted. */
  findTicket(ticketHash: string): Promise<TicketView | null>;
  /**
   * Binds the ticket to the first browser that continues to Discord. That browser may start again,
   * which invalidates its earlier state. Waits for revocations in progress, because revoking an old
   * grant could also revoke the grant that the person is about to give.
   */
  bindTicket(ticketHash: string, consent: Consent): Promise<'BOUND' | 'OTHER_BROWSER' | 'GONE'>;
  /**
   * Finds the ticket of a state and reserves the state for one `attempt`. The same attempt may call
   * again, because the response may have been lost. Returns null if the state is unknown or
   * reserved by another attempt, or if the ticket is used or expired. The ticket stays valid.
   */
  takeState(stateHash: string, attempt: string): Promise<(TicketView & Consent) | null>;
  /**
   * Marks the ticket as used. Returns false if another attempt has used it, or if it has expired.
   */
  spendTicket(ticketHash: string, attempt: string): Promise<boolean>;
}

/** A client's settings for sign-in. They include the client secret, so they must never be shown. */
export interface SignInClient {
  readonly clientId: ClientId;
  readonly name: string;
  readonly guildId: string;
  /**
   * The redirect URI registered with the application; null for the default path at our public URL.
   */
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
 * OAuth2 calls to Discord. They throw TerminalError (INVALID_GRANT, INVALID_CLIENT, REFUSED),
 * RetryLaterError or UnavailableError. No error contains a secret.
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
  /** Revokes a grant that could not be stored. Grants that were stored are revoked by the store. */
  revoke(application: OAuthApplication, token: string): Promise<void>;
}

interface GrantPort {
  /**
   * Stores the grant, encrypted, as soon as Discord has issued it, and returns its id. The grant is
   * revoked if no link uses it within two minutes.
   */
  keepGrant(clientId: ClientId, grant: TokenGrant, ticketHash: string): Promise<string>;
  /** Marks the grant for revocation at Discord now. A failed revocation is retried. */
  discardGrant(grantId: string): Promise<void>;
}

interface SignedInLinkPort {
  /**
   * Creates the link and marks the member, so that a worker adds them to the guild with their
   * roles. Throws InputError CONFLICT if the account is linked to another user, BAD_USER_INPUT if
   * the account is a bot, and FAILED_PRECONDITION if the user or the client is deleted or the grant
   * is already being revoked. Nothing is changed then.
   */
  linkSignedIn(request: {
    readonly grantId: string;
    readonly clientId: ClientId;
    readonly platformUserId: PlatformUserId;
    readonly account: DiscordAccount;
    readonly cause: Cause;
  }): Promise<{ readonly linkId: LinkId; readonly warnings: readonly string[] }>;
  /** Waits up to `waitMs` for the outcome of the new link. */
  awaitLinked(linkId: LinkId, waitMs: number): Promise<LinkedOutcome>;
}

/**
 * The outcome for the new member. `WAITING` means that it is not known yet: a worker continues in
 * the background.
 */
export type LinkedOutcome =
  | { readonly kind: 'IN_GUILD'; readonly isScreened: boolean }
  | { readonly kind: 'NOT_IN_GUILD'; readonly refusal: JoinRefusal | null }
  | { readonly kind: 'WAITING' };

export interface SignInPorts extends TicketPort, GrantPort, SignedInLinkPort {
  /**
   * Throws InputError NOT_FOUND for an unknown client, and FAILED_PRECONDITION for a client that is
   * being deleted.
   */
  findSignInClient(clientId: ClientId): Promise<SignInClient>;
  readonly oauth: OAuthPort;
}

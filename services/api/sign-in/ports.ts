/**
 * The ports of sign-in. In: hashes of tickets, states and browser secrets, never the values. Out:
 * the person to link, and the result. Never: a role added or a member joined during the request; a
 * worker does the rest.
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

/** A pending link. It expires after ten minutes and can be used once. */
export interface Ticket {
  readonly ticketHash: string;
  readonly clientId: ClientId;
  readonly platformUserId: PlatformUserId;
  /** The person's e-mail address on the platform; null if unknown. */
  readonly email: string | null;
  /**
   * Where the person returns after sign-in; null: nowhere. Checked against the allowed origins when
   * the ticket was made.
   */
  readonly returnTo: string | null;
  readonly expiresAt: Date;
}

/**
 * A ticket with the names that its page shows. `browserHash`: the hash of the first browser that
 * continued to Discord; null if none has.
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
   * Throws InputError: NOT_FOUND for an unknown client, FAILED_PRECONDITION if the user was deleted
   * or the client is being deleted.
   */
  openTicket(ticket: Ticket): Promise<void>;
  /** Null: unknown, used or expired, or its client is being deleted. */
  findTicket(ticketHash: string): Promise<TicketView | null>;
  /**
   * Binds the ticket to the first browser that continues. That browser may start again, which
   * invalidates its earlier state. Waits for running revocations, which could otherwise revoke the
   * grant that the person is about to give.
   */
  bindTicket(ticketHash: string, consent: Consent): Promise<'BOUND' | 'OTHER_BROWSER' | 'GONE'>;
  /**
   * Reserves the state for one `attempt`, which may repeat the call if the response was lost. Null:
   * unknown, reserved by another attempt, or its ticket is used or expired. The ticket stays valid.
   */
  takeState(stateHash: string, attempt: string): Promise<(TicketView & Consent) | null>;
  /** Marks the ticket as used. Returns false if another attempt has used it or it has expired. */
  spendTicket(ticketHash: string, attempt: string): Promise<boolean>;
}

/** A client's settings for sign-in. Contains the client secret, so it must never be shown. */
export interface SignInClient {
  readonly clientId: ClientId;
  readonly name: string;
  readonly guildId: string;
  /** The redirect URI registered with the application; null: the one at our public URL. */
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
 * RetryLaterError or UnavailableError; no error contains a secret.
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
  /** Revokes a grant that could not be stored. The store revokes stored grants. */
  revoke(application: OAuthApplication, token: string): Promise<void>;
}

interface GrantPort {
  /**
   * Stores the grant encrypted, as soon as Discord issues it. Returns its id. The grant is revoked
   * if no link uses it within two minutes.
   */
  keepGrant(clientId: ClientId, grant: TokenGrant, ticketHash: string): Promise<string>;
  /** Makes the grant due for revocation at Discord now, with retries. */
  discardGrant(grantId: string): Promise<void>;
}

interface SignedInLinkPort {
  /**
   * Creates the link and marks the member, so that a worker adds them to the guild with their
   * roles. Throws InputError CONFLICT if the account is linked to another user, FAILED_PRECONDITION
   * if the user or the client is deleted; nothing is changed then.
   */
  linkSignedIn(request: {
    readonly grantId: string;
    readonly clientId: ClientId;
    readonly platformUserId: PlatformUserId;
    readonly account: DiscordAccount;
    readonly cause: Cause;
  }): Promise<{ readonly linkId: LinkId; readonly warnings: readonly string[] }>;
  /** Waits up to `waitMs` for the outcome. */
  awaitLinked(linkId: LinkId, waitMs: number): Promise<LinkedOutcome>;
}

/** `WAITING`: not known yet; a worker continues in the background. */
export type LinkedOutcome =
  | { readonly kind: 'IN_GUILD'; readonly isScreened: boolean }
  | { readonly kind: 'NOT_IN_GUILD'; readonly refusal: JoinRefusal | null }
  | { readonly kind: 'WAITING' };

export interface SignInPorts extends TicketPort, GrantPort, SignedInLinkPort {
  /**
   * Throws InputError NOT_FOUND for an unknown client, FAILED_PRECONDITION if it is being deleted.
   */
  findSignInClient(clientId: ClientId): Promise<SignInClient>;
  readonly oauth: OAuthPort;
}

/** What adding people to the guild and revoking their tokens need from the store. */
import type { ClientId, DiscordUserId, OAuthApplication, TokenGrant } from '../../model.js';

/** Access to stored OAuth grants for adding people to the guild. */
export interface GrantMemory {
  /** Resolves to null if the grant has been deleted. */
  readGrant(grantId: string): Promise<TokenGrant | null>;
  /**
   * Stores a refreshed token pair. Call it before using the pair, because Discord has invalidated
   * the old one.
   */
  renewGrant(grantId: string, grant: TokenGrant): Promise<void>;
}

/** A grant that the connector no longer needs but Discord still accepts. */
export interface DueRevocation {
  readonly id: string;
  readonly clientId: ClientId;
  /** Null: the sign-in ended before the person was known. */
  readonly discordUserId: DiscordUserId | null;
  /** Attempts to revoke the grant, including this one. */
  readonly attempts: number;
  /** Decrypts the tokens. Throws if their encryption key is no longer known. */
  readonly unlock: () => RevocableGrant;
}

export interface RevocableGrant {
  readonly application: OAuthApplication;
  readonly accessToken: string;
  /** If it exists, revoke it rather than the access token, because it lives longer. */
  readonly refreshToken: string | null;
}

/**
 * Whether an account's tokens for one application are still needed; Discord revokes them all
 * together. `SIGNING_IN`: a person not yet identified has just received tokens and may own the
 * account.
 */
export type GrantUse = 'IN_USE' | 'SIGNING_IN' | 'NONE';

/** Grants to revoke, shared by all processes. */
export interface RevocationTable {
  /**
   * Claims due grants for a minute. Also reclaims this process's own grants that it neither
   * postponed nor forgot.
   */
  claimDue(): Promise<readonly DueRevocation[]>;
  /**
   * Checks all other grants of this person for the same application, because revoking one revokes
   * all.
   */
  findUse(id: string, discordUserId: DiscordUserId): Promise<GrantUse>;
  /** Releases the claim; the grant is due again in `waitMs`. */
  wait(id: string, waitMs: number): Promise<void>;
  /** Releases the claim. The delay until the next attempt grows with each failure. */
  postpone(id: string): Promise<void>;
  forget(id: string): Promise<void>;
  /** Resolves to the time when the next grant is due; null: none is waiting. */
  nextDueAt(): Promise<Date | null>;
  onAdded(wake: () => void): Promise<() => Promise<void>>;
}

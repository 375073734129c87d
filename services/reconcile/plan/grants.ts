import type { ClientId, DiscordUserId, OAuthApplication, TokenGrant } from '../../model.js';

/** What the path needs of the stored grants. */
export interface GrantMemory {
  /** Null: the grant has been given up. */
  readGrant(grantId: string): Promise<TokenGrant | null>;
  /** Stores the new pair before it is used, because Discord has invalidated the old one. */
  renewGrant(grantId: string, grant: TokenGrant): Promise<void>;
}

/** A grant that is no longer needed here and still valid at Discord. */
export interface DueRevocation {
  readonly id: string;
  readonly clientId: ClientId;
  /** Null: the sign-in ended before the person was known. */
  readonly discordUserId: DiscordUserId | null;
  /** Includes this attempt. */
  readonly attempts: number;
  /** Throws if the key that encrypted it is no longer known. */
  readonly unlock: () => RevocableGrant;
}

export interface RevocableGrant {
  readonly application: OAuthApplication;
  readonly accessToken: string;
  /** Outlives the access token, so this is the one to revoke if there is one. */
  readonly refreshToken: string | null;
}

/**
 * Whether the tokens of one account at one application are needed; Discord revokes them together.
 * `SIGNING_IN`: someone has just been granted new ones and may be the same person.
 */
export type GrantUse = 'IN_USE' | 'SIGNING_IN' | 'NONE';

/** Grants to revoke, shared by all processes. */
export interface RevocationTable {
  /**
   * Claims due grants for a minute, and again the grants that this process claimed earlier and
   * neither postponed nor forgot.
   */
  claimDue(): Promise<readonly DueRevocation[]>;
  /** Covers all other grants of this person at the same application: revoking one revokes all. */
  findUse(id: string, discordUserId: DiscordUserId): Promise<GrantUse>;
  /** Ends the claim for `waitMs`. */
  wait(id: string, waitMs: number): Promise<void>;
  /** Ends the claim; the next attempt comes later after each failure. */
  postpone(id: string): Promise<void>;
  forget(id: string): Promise<void>;
  /** When the next one falls due; null: none is waiting. */
  nextDueAt(): Promise<Date | null>;
  onAdded(wake: () => void): Promise<() => Promise<void>>;
}

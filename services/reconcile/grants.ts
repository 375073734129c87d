import type { ClientId, DiscordUserId, OAuthApplication, TokenGrant } from '../model.js';

/** What the path asks of the grants that are kept. */
export interface GrantMemory {
  /** Null: it is given up by now. */
  readGrant(grantId: string): Promise<TokenGrant | null>;
  /** Keeps the new pair; before it is used, for the old one is worth nothing any more. */
  renewGrant(grantId: string, grant: TokenGrant): Promise<void>;
}

/** A grant that was given up and still lives at Discord. */
export interface DueRevocation {
  readonly id: string;
  readonly clientId: ClientId;
  /** Null: the person went away before it was known who they are. */
  readonly discordUserId: DiscordUserId | null;
  /** This one included. */
  readonly attempts: number;
  /** Throws where the key that encrypted it is not known any more. */
  readonly unlock: () => RevocableGrant;
}

export interface RevocableGrant {
  readonly application: OAuthApplication;
  readonly accessToken: string;
  /** Lives on when the access token has expired: what is revoked is this, where there is one. */
  readonly refreshToken: string | null;
}

/**
 * Who needs the tokens of one account at one application, which Discord revokes together.
 * `SIGNING_IN`: someone has just been granted new ones, who may be the same person.
 */
export type GrantUse = 'IN_USE' | 'SIGNING_IN' | 'NONE';

/** What is to be revoked; shared by all processes. */
export interface RevocationTable {
  /**
   * Claims due grants for a minute, and all that this process claimed before and neither postponed
   * nor forgot.
   */
  claimDue(): Promise<readonly DueRevocation[]>;
  /** Of all other grants of this person at the same application: revoking one kills all. */
  findUse(id: string, discordUserId: DiscordUserId): Promise<GrantUse>;
  /** Ends the claim for `waitMs`. */
  wait(id: string, waitMs: number): Promise<void>;
  /** Ends the claim; the next attempt comes later after each failure. */
  postpone(id: string): Promise<void>;
  forget(id: string): Promise<void>;
  /** When the next falls due; null: none waits. */
  nextDueAt(): Promise<Date | null>;
  onAdded(wake: () => void): Promise<() => Promise<void>>;
}

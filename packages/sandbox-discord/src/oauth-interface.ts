import type { SandboxAuthorization } from './world.js';

/**
 * OAuth2 from the side of Discord and its users, for tests and demonstrations. Throws on unknown
 * ids.
 */
export type SandboxOAuth = {
  /**
   * Acts as the Authorize button, without a browser: returns a code, valid for 100 seconds and one
   * use.
   */
  authorize(
    asked: SandboxAuthorization & {
      /** One of the application's registered addresses. */
      readonly redirectUri: string;
      /** A PKCE challenge of the method S256. */
      readonly codeChallenge?: string | null;
    },
  ): string;
  /** Authorizes and exchanges the code at once. Returns the pair of tokens. */
  grant(asked: SandboxAuthorization): {
    readonly accessToken: string;
    readonly refreshToken: string;
  };
  /** Every token that would still be accepted; by default of all accounts and applications. */
  liveTokens(which?: Partial<OAuthParties>): readonly LiveToken[];
  /**
   * Acts as the person who removes the application in their settings: all its tokens for them
   * become invalid.
   */
  deauthorize(which: OAuthParties): void;
  /** Acts as if seven days had passed: access tokens expire, refresh tokens remain valid. */
  expireAccessTokens(which: OAuthParties): void;
};

export type OAuthParties = Pick<SandboxAuthorization, 'applicationId' | 'discordUserId'>;

export type LiveToken = SandboxAuthorization & {
  readonly kind: 'access' | 'refresh';
  readonly token: string;
};

import type { SandboxAuthorization } from './world.js';

/**
 * OAuth2 from the side of Discord and of its people, for tests and demonstrations. Throws on
 * unknown ids.
 */
export type SandboxOAuth = {
  /** What pressing Authorize does, without a browser: a code, good for 100 seconds and one use. */
  authorize(
    asked: SandboxAuthorization & {
      /** Must be one of the application's. */
      readonly redirectUri: string;
      /** Of the method S256. */
      readonly codeChallenge?: string | null;
    },
  ): string;
  /** Authorization and exchange in one: a pair of tokens. */
  grant(asked: SandboxAuthorization): {
    readonly accessToken: string;
    readonly refreshToken: string;
  };
  /**
   * Every token that would still be accepted, of all accounts and applications unless told
   * otherwise.
   */
  liveTokens(which?: Partial<OAuthParties>): readonly LiveToken[];
  /**
   * What a person does in their settings: the application is thrown out, all its tokens for them
   * die.
   */
  deauthorize(which: OAuthParties): void;
  /** As after seven days: access tokens die, refresh tokens live on. */
  expireAccessTokens(which: OAuthParties): void;
};

export type OAuthParties = Pick<SandboxAuthorization, 'applicationId' | 'discordUserId'>;

export type LiveToken = SandboxAuthorization & {
  readonly kind: 'access' | 'refresh';
  readonly token: string;
};

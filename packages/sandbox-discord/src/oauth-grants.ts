import { authorizationKey, type LiveWorld } from './live-world.js';
import type { LiveToken, OAuthParties } from './oauth-interface.js';
import type { SandboxAuthorization } from './world.js';

const CODE_LIFE_MS = 100_000;
/** Seven days. */
export const ACCESS_TOKEN_LIFE_S = 604_800;

/** The two tokens that an application receives together. */
export type TokenPair = {
  readonly accessToken: string;
  readonly refreshToken: string;
};

/** Stores a person's consent and a code for it. */
export function saveCode(
  world: LiveWorld,
  code: string,
  agreed: SandboxAuthorization & {
    readonly redirectUri: string;
    readonly codeChallenge: string | null;
    readonly now: number;
  },
): void {
  const { now, redirectUri, codeChallenge, ...authorization } = agreed;
  forgetExpired(world, now);
  const expiresAt = now + CODE_LIFE_MS;
  world.authorizationCodes.set(code, {
    ...authorization,
    redirectUri,
    codeChallenge,
    expiresAt,
  });
  saveAuthorization(world, authorization);
}

export function newPair(world: LiveWorld): TokenPair {
  return { accessToken: world.nextSecret(), refreshToken: world.nextSecret() };
}

export function savePair(
  world: LiveWorld,
  { accessToken, refreshToken }: TokenPair,
  given: { readonly authorization: SandboxAuthorization; readonly now: number },
): void {
  const { authorization, now } = given;
  forgetExpired(world, now);
  const expiresAt = now + ACCESS_TOKEN_LIFE_S * 1000;
  const { discordUserId, applicationId, scopes } = authorization;
  const plain = { discordUserId, applicationId, scopes };
  world.accessTokens.set(accessToken, { ...plain, expiresAt, refreshToken });
  world.refreshTokens.set(refreshToken, plain);
  saveAuthorization(world, plain);
}

/** A used refresh token expires together with its access token. */
export function spendRefreshToken(world: LiveWorld, spent: string): void {
  world.refreshTokens.delete(spent);
  for (const [token, { refreshToken }] of world.accessTokens)
    if (refreshToken === spent) world.accessTokens.delete(token);
}

/** Ends all tokens of one account and one application, whichever token was named. */
export function endAuthorization(world: LiveWorld, which: OAuthParties): void {
  world.authorizations.delete(authorizationKey(which));
  for (const kept of [world.authorizationCodes, world.accessTokens, world.refreshTokens])
    for (const [secret, one] of kept) if (isBetween(one, which)) kept.delete(secret);
}

/** Whether the person has already consented to all requested scopes. */
export function hasAgreed(world: LiveWorld, asked: SandboxAuthorization): boolean {
  const before = world.authorizations.get(authorizationKey(asked))?.scopes;
  return asked.scopes.every((scope) => before?.includes(scope));
}

export function liveTokens(
  world: LiveWorld,
  which: Partial<OAuthParties>,
  now: number,
): readonly LiveToken[] {
  const access = [...world.accessTokens]
    .filter(([, { expiresAt = Infinity }]) => expiresAt > now)
    .map(([token, one]) => ({ kind: 'access' as const, token, ...one }));
  const refresh = [...world.refreshTokens].map(([token, one]) => ({
    kind: 'refresh' as const,
    token,
    ...one,
  }));
  return [...access, ...refresh]
    .filter((one) => isBetween(one, which))
    .map(({ kind, token, discordUserId, applicationId, scopes }) => ({
      kind,
      token,
      discordUserId,
      applicationId,
      scopes,
    }));
}

export function isBetween(
  one: OAuthParties,
  { applicationId, discordUserId }: Partial<OAuthParties>,
): boolean {
  return (
    (applicationId === undefined || one.applicationId === applicationId) &&
    (discordUserId === undefined || one.discordUserId === discordUserId)
  );
}

function saveAuthorization(world: LiveWorld, agreed: SandboxAuthorization) {
  const key = authorizationKey(agreed);
  const before = world.authorizations.get(key)?.scopes ?? [];
  const scopes = [...new Set([...before, ...agreed.scopes])];
  const { discordUserId, applicationId } = agreed;
  world.authorizations.set(key, { discordUserId, applicationId, scopes });
}

function forgetExpired(world: LiveWorld, now: number): void {
  for (const kept of [world.authorizationCodes, world.accessTokens])
    for (const [secret, { expiresAt = Infinity }] of kept)
      if (expiresAt <= now) kept.delete(secret);
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 random bytes in 43 letters that stand in an address, a cookie or a PKCE verifier as they are. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value);
}

/** What is kept instead of a secret; so long a secret needs no salt. */
export const hashOf = (secret: string): string =>
  digest(secret).toString('hex');

/** Takes as long for a wrong guess that is nearly right as for any other. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

const digest = (text: string): Buffer =>
  createHash('sha256').update(text).digest();

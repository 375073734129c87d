import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 random bytes as 43 characters that are safe in a URL, a cookie or a PKCE verifier. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value);
}

/** Stored in place of a secret; a secret of this length needs no salt. */
export const hashOf = (secret: string): string => digest(secret).toString('hex');

/** Constant-time comparison. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

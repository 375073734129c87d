import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Returns 32 random bytes as 43 characters that are safe in a URL, a cookie or a PKCE verifier. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value);
}

/**
 * Returns the hash that is stored instead of a secret. It needs no salt, because secrets are random
 * and long.
 */
export const hashOf = (secret: string): string => digest(secret).toString('hex');

/** Compares two secrets in constant time. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The cookies live as long as a ticket. */
const MAX_AGE_SECONDS = 600;

export interface StateCookie {
  readonly state: string;
  /**
   * Used only for the "Try again" link after Discord reported an OAuth error, for example because
   * the person cancelled.
   */
  readonly ticket: string;
}

export interface CookieJar {
  browserOf(request: FastifyRequest): string | null;
  nameBrowser(reply: FastifyReply, browser: string): void;
  stateOf(request: FastifyRequest): StateCookie | null;
  keepState(reply: FastifyReply, kept: StateCookie): void;
}

/**
 * Reads and sets two cookies: one with the browser's secret, one with the state sent to Discord.
 * The prefix `__Host-` prevents other hosts of the same domain from setting them. Browsers accept
 * the prefix only over https.
 */
export function createCookieJar(isHttps: boolean): CookieJar {
  const prefix = isHttps ? '__Host-' : '';
  const browserName = `${prefix}discord-connector-browser`;
  const stateName = `${prefix}discord-connector-state`;
  const attributes: CookieSerializeOptions = {
    path: '/',
    httpOnly: true,
    // With `strict`, browsers would not send the cookies on the redirect from Discord.
    sameSite: 'lax',
    secure: isHttps,
  };
  const living = { ...attributes, maxAge: MAX_AGE_SECONDS };
  return {
    browserOf: ({ cookies }) => {
      const browser = cookies[browserName];
      return isSecret(browser) ? browser : null;
    },
    nameBrowser: (reply, browser) => void reply.setCookie(browserName, browser, living),
    stateOf: ({ cookies }) => {
      const [state, ticket, more] = cookies[stateName]?.split('.') ?? [];
      return isSecret(state) && isSecret(ticket) && more === undefined ? { state, ticket } : null;
    },
    keepState: (reply, { state, ticket }) =>
      void reply.setCookie(stateName, `${state}.${ticket}`, living),
  };
}

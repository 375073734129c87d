import type { TokenEndpointResponse } from 'oauth4webapi';
import { z } from 'zod';

import { parsePayload } from '../rest/payloads.js';
import type { DiscordAccount } from '../../api/sign-in/ports.js';
import type { TokenGrant } from '../../model.js';

/** What goes into a header later. */
const token = z.string().regex(/^[\x21-\x7e]{1,4096}$/);

const TEN_YEARS_S = 315_360_000;

const grantPayload = z.object({
  access_token: token,
  refresh_token: token.nullish(),
  token_type: z.literal('bearer'),
  expires_in: z.number().positive().max(TEN_YEARS_S),
  // Without identify the token's owner is unknown, and the link is made for that owner.
  scope: z
    .string()
    .transform((text) => text.split(' ').filter((scope) => scope !== ''))
    .refine((scopes) => scopes.includes('identify')),
});

const accountPayload = z.object({
  id: z.string().regex(/^[1-9]\d{16,19}$/),
  username: z.string().min(1),
  global_name: z.string().nullish(),
  email: z.string().nullish(),
  verified: z.boolean().nullish(),
  bot: z.boolean().nullish(),
});

/** `reply` has passed the library's own checks. */
export function grantOf(reply: TokenEndpointResponse, doing: string, now: number): TokenGrant {
  const grant = parsePayload(grantPayload, { body: reply }, doing);
  return {
    accessToken: grant.access_token,
    refreshToken: grant.refresh_token ?? null,
    expiresAt: new Date(now + grant.expires_in * 1000),
    scopes: grant.scope,
  };
}

export function accountOf(body: unknown, doing: string): DiscordAccount {
  const user = parsePayload(accountPayload, { body }, doing);
  const email = user.email ?? null;
  return {
    discordUserId: user.id,
    username: user.username,
    displayName: user.global_name ?? null,
    email,
    isEmailVerified: email !== null && user.verified === true,
    isBot: user.bot === true,
  };
}

import { z } from 'zod';

import { UnavailableError } from '../../lib/errors.js';
import type { PresentMember } from '../../model.js';
import type { Answer } from './answer.js';

/**
 * The schemas contain only the fields in use. A response without a required field is an error, so
 * that missing roles are not read as "no roles".
 */
export const snowflake = z.string().regex(/^\d{1,20}$/);

const timestamp = z
  .string()
  .transform((text) => new Date(text))
  .refine((date) => !Number.isNaN(date.getTime()));

/** PostgreSQL stores no NUL, and one such name would fail a whole batch of members. */
const personalName = z.string().transform((text) => text.replaceAll('\0', ''));

export const userPayload = z.object({
  id: snowflake,
  username: personalName,
  global_name: personalName.nullish(),
  bot: z.boolean().nullish().catch(null),
});

export const memberPayload = z.object({
  user: userPayload,
  roles: z.array(snowflake),
  nick: personalName.nullish(),
  pending: z.boolean().nullish(),
  communication_disabled_until: timestamp.nullish(),
  joined_at: timestamp.nullish().catch(null),
});

export const membersPayload = z.array(memberPayload);

export const countsPayload = z.record(snowflake, z.number().int().min(0));

export const invitePayload = z.object({
  guild: z.object({ id: snowflake }).nullish(),
  expires_at: timestamp.nullish(),
});

export const rolesPayload = z.array(
  z.object({
    id: snowflake,
    name: z.string(),
    position: z.number().int(),
    color: z.number().int().catch(0),
    managed: z.boolean(),
    permissions: z.string().regex(/^\d+$/),
  }),
);

export const guildPayload = z.object({
  id: snowflake,
  name: z.string(),
  owner_id: snowflake,
  mfa_level: z.number().int().catch(0),
});

export const applicationPayload = z.object({
  id: snowflake,
  name: z.string(),
  flags: z.number().int().catch(0),
  /** Each address exactly as registered. Discord does not show them to every caller. */
  redirect_uris: z.array(z.string()).nullish().catch(null),
  bot: z.object({ id: snowflake }).nullish().catch(null),
});

export const gatewayPayload = z.object({
  url: z.string(),
  /** Discord recommends one for every 1,000 guilds. */
  shards: z.number().int().min(1).max(1000),
  session_start_limit: z.object({
    remaining: z.number().int().min(0),
    /** In milliseconds. */
    reset_after: z.number().min(0),
  }),
});

/** Throws an UnavailableError that names the missing or invalid fields, but not their values. */
export function parsePayload<T>(
  schema: z.ZodType<T>,
  { body }: Pick<Answer, 'body'>,
  doing: string,
): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) => path.join('.'));
  const fields = [...new Set(paths)].slice(0, 5).join(', ') || 'body';
  throw new UnavailableError(
    `cannot ${doing}: the response does not match Discord's documentation (${fields})`,
  );
}

export function presentMember(member: z.infer<typeof memberPayload>): PresentMember {
  return {
    roleIds: member.roles,
    username: member.user.username,
    displayName: member.user.global_name ?? null,
    nickname: member.nick ?? null,
    isPending: member.pending ?? false,
    timedOutUntil: member.communication_disabled_until ?? null,
    ...(member.joined_at && { joinedAt: member.joined_at }),
    ...(member.user.bot === true && { isBot: true }),
  };
}

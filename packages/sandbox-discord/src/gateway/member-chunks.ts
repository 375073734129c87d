import {
  GatewayIntentBits,
  type APIGuildMember,
  type GatewayGuildMembersChunkDispatchData,
} from 'discord-api-types/v10';
import { z } from 'zod';

import { memberOrder, type LiveGuild, type LiveWorld } from '../live-world.js';
import { hasNamePrefix } from '../member-names.js';
import { isSnowflake } from '../snowflake.js';
import { memberOnWire } from '../wire.js';
import type { Session } from './sessions.js';

const id = z.union([z.string(), z.int()]).transform(String).refine(isSnowflake);
/** A list with one id is one id, as older libraries send it. */
const oneGuild = z.union([id, z.tuple([id]).transform(([only]) => only)]);

const MemberRequest = z.looseObject({
  guild_id: oneGuild,
  query: z.string().nullish(),
  limit: z.int().min(0).nullish(),
  presences: z.boolean().nullish(),
  user_ids: z.union([id.transform((one) => [one]), z.array(id)]).nullish(),
  nonce: z.unknown().optional(),
});

export type MemberRequest = z.infer<typeof MemberRequest>;

/** Undefined if the request is malformed: without `user_ids`, `query` and `limit` are required. */
export function readMemberRequest(data: unknown): MemberRequest | undefined {
  const request = MemberRequest.safeParse(data).data;
  if (!request) return undefined;
  const hasQuery = typeof request.query === 'string' && typeof request.limit === 'number';
  return request.user_ids || hasQuery ? request : undefined;
}

/** A request for all members needs the intent and has a limit of its own. */
export function requestsAllMembers({ query, limit, user_ids }: MemberRequest): boolean {
  return !user_ids && query === '' && limit === 0;
}

/** Any list without a prefix needs the privileged intent; single members and searches do not. */
export function canRequest(session: Session, { query, user_ids }: MemberRequest): boolean {
  const hasIntent = (session.intents & GatewayIntentBits.GuildMembers) !== 0;
  return hasIntent || Boolean(user_ids) || query !== '';
}

/** Discord ignores a nonce that is longer. */
const MAX_NONCE_BYTES = 32;

export function readNonce({ nonce }: MemberRequest): string | undefined {
  return typeof nonce === 'string' && Buffer.byteLength(nonce) <= MAX_NONCE_BYTES
    ? nonce
    : undefined;
}

const MEMBERS_IN_CHUNK = 1000;
/** For a prefix and for named accounts. */
const MOST_FOUND = 100;

/** The chunks of the answer, made one by one: a large guild has hundreds. */
export function* memberChunks(
  world: LiveWorld,
  guild: LiveGuild,
  request: MemberRequest,
): Generator<GatewayGuildMembersChunkDispatchData> {
  const { found, notFound } = findMembers(world, guild, request);
  const nonce = readNonce(request);
  const chunkCount = Math.max(1, Math.ceil(found.length / MEMBERS_IN_CHUNK));
  for (let index = 0; index < chunkCount; index += 1) {
    const page = found.slice(index * MEMBERS_IN_CHUNK, (index + 1) * MEMBERS_IN_CHUNK);
    yield {
      guild_id: guild.guildId,
      members: page.flatMap((one) => membersOnWire(world, guild, one)),
      chunk_index: index,
      chunk_count: chunkCount,
      not_found: [...notFound],
      // Nobody is online here.
      ...(request.presences ? { presences: [] } : {}),
      ...(nonce === undefined ? {} : { nonce }),
    };
  }
}

/** A member may have left since the first chunk. */
function membersOnWire(
  world: LiveWorld,
  guild: LiveGuild,
  discordUserId: string,
): APIGuildMember[] {
  const member = guild.members.get(discordUserId);
  return member ? [memberOnWire(world, member)] : [];
}

function findMembers(
  world: LiveWorld,
  guild: LiveGuild,
  { query, limit, user_ids: ids }: MemberRequest,
): { readonly found: readonly string[]; readonly notFound: readonly string[] } {
  if (ids) {
    const asked = ids.slice(0, MOST_FOUND);
    return {
      found: asked.filter((one) => guild.members.has(one)),
      notFound: asked.filter((one) => !guild.members.has(one)),
    };
  }
  const prefix = query ?? '';
  const all = memberOrder(guild);
  if (prefix === '') return { found: limit ? all.slice(0, limit) : all, notFound: [] };
  const most = Math.min(limit || MOST_FOUND, MOST_FOUND);
  const found = all.filter((one) => {
    const member = guild.members.get(one);
    return member !== undefined && hasNamePrefix(world, member, prefix);
  });
  return { found: found.slice(0, most), notFound: [] };
}

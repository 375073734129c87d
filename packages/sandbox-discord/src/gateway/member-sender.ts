import { GatewayDispatchEvents, GatewayOpcodes } from 'discord-api-types/v10';
import type { GatewayRateLimitedRequestGuildMembersDispatchData } from 'discord-api-types/v10';

import type { LiveWorld } from '../live-world.js';
import { createBuckets, type Buckets } from '../rate-bucket.js';
import type { SandboxLimit } from '../sandbox-interface.js';
import type { Delivery } from './delivery.js';
import {
  canRequest,
  memberChunks,
  readNonce,
  requestsAllMembers,
  type MemberRequest,
} from './member-chunks.js';
import type { Session } from './sessions.js';
import { isOnShard } from './sharding.js';

type Deps = {
  readonly world: LiveWorld;
  readonly delivery: Delivery;
  readonly clock: () => number;
  readonly limit: SandboxLimit | null;
};

/** Answers requests for members, a chunk at a time so that other events come in between. */
export function createMemberSender({ world, delivery, clock, limit }: Deps) {
  const waiting = new Set<NodeJS.Immediate>();
  /** Requests for all members, by guild. */
  const lists = new WeakMap<Session, Buckets>();

  const retryAfterMs = (session: Session, guildId: string): number => {
    const buckets = lists.get(session) ?? createBuckets(limit, clock);
    lists.set(session, buckets);
    const { isAllowed, retryAfterMs: ms } = buckets.take(guildId);
    return isAllowed ? 0 : ms;
  };
  const sendRateLimited = (session: Session, request: MemberRequest, ms: number): void => {
    const nonce = readNonce(request);
    const body: GatewayRateLimitedRequestGuildMembersDispatchData = {
      opcode: GatewayOpcodes.RequestGuildMembers,
      retry_after: ms / 1000,
      meta: { guild_id: request.guild_id, ...(nonce === undefined ? {} : { nonce }) },
    };
    const event = { name: GatewayDispatchEvents.RateLimited, guildId: request.guild_id };
    delivery.deliver(session, { ...event, body: JSON.stringify(body) });
  };
  const sendNext = (session: Session, chunks: ReturnType<typeof memberChunks>): void => {
    const next = chunks.next();
    if (next.done) return;
    delivery.deliver(session, {
      name: GatewayDispatchEvents.GuildMembersChunk,
      guildId: next.value.guild_id,
      body: JSON.stringify(next.value),
    });
    const immediate = setImmediate(() => {
      waiting.delete(immediate);
      sendNext(session, chunks);
    });
    waiting.add(immediate);
  };

  return {
    /** Discord does not answer a request for a guild, or with an intent, that the session lacks. */
    send: (session: Session, request: MemberRequest): void => {
      const guild = world.guilds.get(request.guild_id);
      if (!guild?.members.has(session.botUserId)) return;
      if (!isOnShard(guild.guildId, session.shard)) return;
      if (!canRequest(session, request)) return;
      const waitMs = requestsAllMembers(request) ? retryAfterMs(session, guild.guildId) : 0;
      if (waitMs > 0) return sendRateLimited(session, request, waitMs);
      sendNext(session, memberChunks(world, guild, request));
    },
    stop(): void {
      for (const immediate of waiting) clearImmediate(immediate);
      waiting.clear();
    },
  };
}

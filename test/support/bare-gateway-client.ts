import { REST } from '@discordjs/rest';
import { WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import {
  GatewayDispatchEvents,
  GatewayIntentBits,
  GatewayOpcodes,
  type APIGuildMember,
  type GatewayDispatchPayload,
} from 'discord-api-types/v10';

/** A guild's member, as far as events tell. */
export interface CachedMember {
  readonly roleIds: readonly string[];
  readonly nickname: string | null;
  readonly isPending: boolean;
  readonly timedOutUntil: string | null;
}

export interface BareGatewayClient {
  /** By account id. */
  readonly members: ReadonlyMap<string, CachedMember>;
  /** How often a session began that could not be resumed. */
  readonly sessions: () => number;
  readonly stop: () => Promise<void>;
}

/**
 * A bot that only caches the members of one guild, by the websocket half of discord.js. It asks for
 * all members whenever the guild becomes available, and follows their events from then on.
 */
export async function startBareGatewayClient(options: {
  readonly url: string;
  readonly botToken: string;
  readonly guildId: string;
}): Promise<BareGatewayClient> {
  const { url, botToken, guildId } = options;
  const rest = new REST({ version: '10', api: `${url}/api` }).setToken(botToken);
  const { Guilds, GuildMembers } = GatewayIntentBits;
  const manager = new WebSocketManager({ token: botToken, intents: Guilds | GuildMembers, rest });
  const members = new Map<string, CachedMember>();
  let sessions = 0;
  const askForAll = async (shardId: number) =>
    manager.send(shardId, {
      op: GatewayOpcodes.RequestGuildMembers,
      d: { guild_id: guildId, query: '', limit: 0 },
    });
  const take = ({ t, d }: GatewayDispatchPayload, shardId: number): void => {
    if (t === GatewayDispatchEvents.Ready) {
      sessions += 1;
      members.clear();
    }
    if (t === GatewayDispatchEvents.GuildCreate) void askForAll(shardId).catch(() => undefined);
    if (t === GatewayDispatchEvents.GuildMembersChunk)
      for (const member of d.members) members.set(member.user.id, cached(member));
    if (t === GatewayDispatchEvents.GuildMemberAdd || t === GatewayDispatchEvents.GuildMemberUpdate)
      members.set(d.user.id, cached(d));
    if (t === GatewayDispatchEvents.GuildMemberRemove) members.delete(d.user.id);
  };
  manager.on(WebSocketShardEvents.Dispatch, take);
  manager.on(WebSocketShardEvents.Error, () => undefined);
  manager.on(WebSocketShardEvents.SocketError, () => undefined);
  await manager.connect();
  return { members, sessions: () => sessions, stop: async () => manager.destroy() };
}

type Shown = Pick<APIGuildMember, 'roles'> &
  Partial<Pick<APIGuildMember, 'nick' | 'pending' | 'communication_disabled_until'>>;

function cached(member: Shown): CachedMember {
  const until = member.communication_disabled_until ?? null;
  return {
    roleIds: member.roles.toSorted(),
    nickname: member.nick ?? null,
    isPending: member.pending ?? false,
    timedOutUntil: until === null ? null : new Date(until).toISOString(),
  };
}

/**
 * The process of a naive bot that listens to Discord's gateway: it knows in memory which roles each
 * member should have, and corrects a member as soon as an event shows other roles.
 */
import { WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import {
  GatewayDispatchEvents,
  GatewayIntentBits,
  type GatewayDispatchPayload,
} from 'discord-api-types/v10';

import { connectRest, createNaiveBot, type NaiveBot } from './bot.js';

export interface NaiveLiveSettings {
  readonly api: string;
  readonly servers: readonly NaiveServer[];
}

interface NaiveServer {
  readonly guildId: string;
  readonly token: string;
  readonly mappedRoleIds: readonly string[];
  /** The mapped roles that each member should have. */
  readonly members: readonly (readonly [discordUserId: string, roleIds: readonly string[]])[];
}

process.once('message', (settings: NaiveLiveSettings) => void run(settings));

async function run({ api, servers }: NaiveLiveSettings): Promise<void> {
  const managers = await Promise.all(servers.map((server) => connect(api, server)));
  process.send?.('ready');
  process.once('SIGTERM', () => {
    void Promise.all(managers.map(async (manager) => manager.destroy())).then(() => process.exit());
  });
}

/** Resolves once events of the guild arrive. */
async function connect(api: string, server: NaiveServer): Promise<WebSocketManager> {
  const { guildId, token } = server;
  const rest = connectRest({ api, token });
  const intents = GatewayIntentBits.Guilds | GatewayIntentBits.GuildMembers;
  const manager = new WebSocketManager({ token, intents, rest });
  const correct = createCorrection(createNaiveBot(rest, guildId), server);
  const isReady = new Promise<void>((resolve) => {
    manager.on(WebSocketShardEvents.Dispatch, (payload: GatewayDispatchPayload) => {
      if (payload.t === GatewayDispatchEvents.GuildCreate) resolve();
      if (
        payload.t === GatewayDispatchEvents.GuildMemberUpdate ||
        payload.t === GatewayDispatchEvents.GuildMemberAdd
      )
        void correct(payload.d.user.id, payload.d.roles);
    });
  });
  await manager.connect();
  await isReady;
  return manager;
}

function createCorrection(bot: NaiveBot, { mappedRoleIds, members }: NaiveServer) {
  const isMapped = new Set(mappedRoleIds);
  const desiredOf = new Map(members);
  return async (discordUserId: string, held: readonly string[]): Promise<void> => {
    const desired = desiredOf.get(discordUserId);
    if (desired === undefined) return;
    for (const roleId of held)
      if (isMapped.has(roleId) && !desired.includes(roleId))
        await bot.change(discordUserId, roleId, 'removed');
    for (const roleId of desired)
      if (!held.includes(roleId)) await bot.change(discordUserId, roleId, 'added');
  };
}

import { GatewayDispatchEvents, GatewayIntentBits } from 'discord-api-types/v10';

import type { LiveGuild, LiveWorld } from '../live-world.js';
import type { WorldChange } from '../world-changes.js';
import type { Delivery } from './delivery.js';
import { guildCreateOnWire } from './ready.js';
import type { Session } from './sessions.js';
import { isOnShard } from './sharding.js';

/** Sends GUILD_CREATE and GUILD_DELETE, whose bodies differ between sessions. */
export function createGuildSender(world: LiveWorld, delivery: Delivery) {
  const unavailable = new Set<string>();
  const hasGuildsIntent = (session: Session) => (session.intents & GatewayIntentBits.Guilds) !== 0;

  const send = (session: Session, name: GatewayDispatchEvents, guildId: string, body: unknown) => {
    if (hasGuildsIntent(session) && isOnShard(guildId, session.shard))
      delivery.deliver(session, { name, guildId, body: JSON.stringify(body) });
  };
  const create = (session: Session, guild: LiveGuild): void => {
    if (unavailable.has(guild.guildId)) return;
    const body = guildCreateOnWire(world, guild, session);
    send(session, GatewayDispatchEvents.GuildCreate, guild.guildId, body);
  };
  const remove = (session: Session, guildId: string): void =>
    send(session, GatewayDispatchEvents.GuildDelete, guildId, { id: guildId });

  /** The session's own bot joined or left the guild. */
  const isOwnMembership = (session: Session, change: WorldChange): boolean =>
    change.kind === 'member' &&
    (change.before ?? change.after)?.discordUserId === session.botUserId &&
    (!change.before || !change.after);

  return {
    create,
    isOwnMembership,
    /** An unavailable guild sends no events. */
    isUnavailable: (guildId: string | undefined) =>
      guildId !== undefined && unavailable.has(guildId),
    sendBotMembership(live: readonly Session[], change: WorldChange): void {
      if (change.kind !== 'member' && change.kind !== 'guild') return;
      const { guildId } = change;
      const guild = world.guilds.get(guildId);
      for (const session of live) {
        if (isOwnMembership(session, change)) {
          if (change.after && guild) create(session, guild);
          else remove(session, guildId);
        }
        const wasMember =
          change.kind === 'guild' && change.before?.members.has(session.botUserId) === true;
        if (wasMember && !guild) remove(session, guildId);
      }
    },
    setUnavailable(live: readonly Session[], guildId: string, isUnavailable: boolean): void {
      const guild = world.guilds.get(guildId);
      if (!guild) throw new Error(`there is no guild with id ${guildId}`);
      if (unavailable.has(guildId) === isUnavailable) return;
      if (isUnavailable) unavailable.add(guildId);
      else unavailable.delete(guildId);
      for (const session of live) {
        if (!guild.members.has(session.botUserId)) continue;
        if (!isUnavailable) create(session, guild);
        else
          send(session, GatewayDispatchEvents.GuildDelete, guildId, {
            id: guildId,
            unavailable: true,
          });
      }
    },
  };
}

export type GuildSender = ReturnType<typeof createGuildSender>;

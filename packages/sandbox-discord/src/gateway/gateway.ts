import { GatewayDispatchEvents } from 'discord-api-types/v10';

import type { LiveWorld } from '../live-world.js';
import type { SandboxLimits } from '../sandbox-interface.js';
import type { WorldChange } from '../world-changes.js';
import { createConnection, type Connection, type ConnectionHandler } from './connection.js';
import { createCommandHandler } from './command-handler.js';
import { createDelivery, type Delivery } from './delivery.js';
import type { GatewayAccess } from './gateway-access.js';
import { createGatewayControls } from './gateway-controls.js';
import { createGatewayFaults } from './gateway-faults.js';
import type { SandboxGateway, SandboxGatewaySettings } from './gateway-interface.js';
import { createGuildSender, type GuildSender } from './guild-sender.js';
import { createMemberSender } from './member-sender.js';
import { readyOnWire } from './ready.js';
import { createSessions, type Session, type Sessions } from './sessions.js';
import { guildsOnShard, recommendedShards } from './sharding.js';
import { createStartLimits } from './start-limits.js';
import { createUpgrade } from './upgrade.js';
import { announcementsFor, canReceive } from './world-events.js';

type Deps = {
  readonly world: LiveWorld;
  readonly limits: SandboxLimits;
  readonly settings: Partial<SandboxGatewaySettings> | undefined;
  readonly clock: () => number;
  readonly random: () => number;
  /** A session or a fault changed. */
  readonly onChange: () => void;
};

const DEFAULT_SETTINGS: SandboxGatewaySettings = {
  heartbeatIntervalMs: 41_250,
  reconnectGraceMs: 5000,
  resumableMs: 180_000,
  replayCharacters: 8_000_000,
  maxConcurrency: 1,
  maxGuildsPerShard: 2500,
};

/**
 * The websocket half of the sandbox.
 * In: connections from `upgrade`, changes of the world, controls. Out: events.
 * Never: a change of the world.
 */
export function createGateway(deps: Deps) {
  const { world, limits, clock, onChange } = deps;
  const settings = { ...DEFAULT_SETTINGS, ...deps.settings };
  const { maxConcurrency, maxGuildsPerShard } = settings;
  const sessions = createSessions({ clock, ...settings });
  const faults = createGatewayFaults(deps.random, onChange);
  const delivery = createDelivery({ faults, ...settings });
  const starts = createStartLimits({ limits, maxConcurrency, clock });
  const guilds = createGuildSender(world, delivery);
  const members = createMemberSender({ world, delivery, clock, limit: limits.gatewayMemberLists });
  const announce = createAnnouncer({ world, sessions, guilds, delivery, clock });
  world.changes.onChange(announce);

  const sendReady = (session: Session, connection: Connection): void => {
    const body = JSON.stringify(readyOnWire(world, session, connection));
    const name = GatewayDispatchEvents.Ready;
    delivery.deliverWithoutFaults(session, { name, guildId: undefined, body });
    for (const guild of guildsOnShard(world, session.botUserId, session.shard))
      guilds.create(session, guild);
  };
  const sendMembers = members.send;
  const handlerDeps = { world, sessions, starts, faults, settings, clock, sendReady, onChange };
  const connections = createConnections({
    settings,
    limits,
    clock,
    createHandler: (connection) =>
      createCommandHandler({ ...handlerDeps, sendMembers }, connection),
  });

  const access: GatewayAccess = {
    shards: ({ botUserId }) =>
      recommendedShards(guildsOnShard(world, botUserId, [0, 1]).length, maxGuildsPerShard),
    startLimit: ({ applicationId }) => starts.view(applicationId),
  };
  const controls: SandboxGateway = {
    ...createGatewayControls({ sessions, faults, delivery, settings, clock, onChange }),
    isDown: connections.isDown,
    setDown(isDown) {
      connections.setDown(isDown);
      onChange();
    },
    setGuildUnavailable({ guildId, isUnavailable }) {
      guilds.setUnavailable(sessions.live(), guildId, isUnavailable);
    },
  };
  return {
    access,
    controls,
    upgrade: connections.upgrade,
    stop(): void {
      delivery.stop();
      members.stop();
      connections.cutAll();
    },
  };
}

/** Accepts connections and keeps track of the open ones. */
function createConnections({
  settings,
  limits,
  clock,
  createHandler,
}: {
  readonly settings: SandboxGatewaySettings;
  readonly limits: SandboxLimits;
  readonly clock: () => number;
  readonly createHandler: (connection: Connection) => ConnectionHandler;
}) {
  const { heartbeatIntervalMs } = settings;
  const open = new Set<Connection>();
  let isDown = false;
  const cutAll = () => {
    for (const connection of open) connection.cut();
  };
  const upgrade = createUpgrade({
    isDown: () => isDown,
    accept(handshake) {
      const how = { heartbeatIntervalMs, sendLimit: limits.gatewaySends, clock };
      createConnection({ ...handshake, ...how }, (connection) => {
        open.add(connection);
        const { receive, closed } = createHandler(connection);
        return {
          receive,
          closed(end) {
            open.delete(connection);
            closed(end);
          },
        };
      });
    },
  });
  return {
    upgrade,
    cutAll,
    isDown: () => isDown,
    setDown(shouldBeDown: boolean): void {
      isDown = shouldBeDown;
      if (isDown) cutAll();
    },
  };
}

/** Sends the events of a change to every session that may receive them. */
function createAnnouncer({
  world,
  sessions,
  guilds,
  delivery,
  clock,
}: {
  readonly world: LiveWorld;
  readonly sessions: Sessions;
  readonly guilds: GuildSender;
  readonly delivery: Delivery;
  readonly clock: () => number;
}) {
  return (change: WorldChange): void => {
    const live = sessions.live();
    if (live.length === 0) return;
    guilds.sendBotMembership(live, change);
    for (const announcement of announcementsFor(world, change)) {
      if (guilds.isUnavailable(announcement.guildId)) continue;
      // Serialized once for all sessions, and only if one receives it.
      let body: string | undefined;
      for (const session of live) {
        if (guilds.isOwnMembership(session, change)) continue;
        if (!canReceive(world, session, announcement, clock())) continue;
        body ??= JSON.stringify(announcement.body());
        delivery.deliver(session, { ...announcement, body });
      }
    }
  };
}

import type { FeedDeps } from '../discord/gateway/bot-feed.js';
import { createLive } from '../discord/gateway/live.js';
import { createOpenSession } from '../discord/gateway/open-session.js';
import { createNameHands } from '../discord/gateway/name-hands.js';
import type { DiscordRest } from '../discord/rest-api.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { MemberKey } from '../model.js';
import type { Store } from '../store/store.js';
import type { CheckClient } from './check-client.js';
import type { ConnectorTiming } from './path.js';

const POLL_MS = 1_000;

/**
 * Creates the part that receives the events of Discord's gateway. It runs beside the path, because
 * both need the bot's lease.
 */
export function liveOf(
  logger: Logger,
  deps: {
    readonly store: Store;
    readonly gateway: DiscordRest;
    readonly checkClient: CheckClient;
    readonly isInWork: (member: MemberKey) => boolean;
    readonly telemetry: { readonly observed: FeedDeps['observed'] };
    readonly clock: () => number;
    readonly timing?: Pick<ConnectorTiming, 'live'>;
  },
): Part {
  const { store, gateway, checkClient, isInWork, telemetry, clock, timing } = deps;
  const { live, memory } = store;
  return createLive({
    memory: live,
    openSession: createOpenSession({
      memory: live,
      discord: gateway,
      readCredentials: store.readCredentials,
      logger,
      clock,
      timing: timing?.live?.session,
    }),
    nameHands: createNameHands({ memory: live, readAccount: gateway.readAccount, logger }),
    followRoles: async (guild) => memory.saveRoles(guild.clientId, await gateway.readRoles(guild)),
    followPresence: async (guild, isInGuild) =>
      isInGuild
        ? checkClient(guild.clientId)
        : memory.saveTrouble(guild.clientId, {
            kind: 'PAUSED',
            reason: 'the bot was removed from the guild',
          }),
    stopClient: async ({ clientId, revision }, reason) =>
      memory.saveTrouble(clientId, { kind: 'STOPPED', reason, revision }),
    isInWork,
    observed: telemetry.observed,
    logger,
    monotonicMs: () => performance.now(),
    pollMs: timing?.live?.pollMs ?? POLL_MS,
    timing: timing?.live?.feed,
  });
}

import { setTimeout as sleep } from 'node:timers/promises';

import { backoffMs } from '../../lib/backoff.js';
import type { Logger } from '../../lib/logger.js';
import type { ClientId } from '../../model.js';
import type { BotReadings } from '../rest/bot-readings.js';
import type { DiscordCredentials } from '../rest/bots.js';
import type { OpenSession } from './bot-feed.js';
import { createLiveSession, type LiveSession } from './live-session.js';
import type { LiveTiming } from './live-session-deps.js';
import type { LiveMemory } from './ports.js';

interface Deps {
  readonly memory: LiveMemory;
  readonly discord: Pick<BotReadings, 'readGatewayInformation' | 'whoAmI'>;
  readonly readCredentials: (clientId: ClientId) => Promise<DiscordCredentials>;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly timing?: Partial<LiveTiming> | undefined;
}

const RETRY = { baseMs: 250, maxMs: 10_000, random: Math.random };

/** Opens the session of a bot with the credentials of its first client. */
export function createOpenSession(deps: Deps): OpenSession {
  const { memory, discord, readCredentials, logger, clock, timing } = deps;
  return (bot, hooks) => {
    const [guild] = bot.clients;
    if (guild === undefined) throw new Error(`bot ${bot.applicationId} has no client`);
    const stopping = new AbortController();
    const { signal } = stopping;
    let session: LiveSession | null = null;

    const open = async (): Promise<void> => {
      for (let attempt = 0; !signal.aborted; attempt += 1) {
        try {
          const credentials = await readCredentials(guild.clientId);
          if (signal.aborted) return;
          session = createLiveSession({
            ...hooks,
            credentials,
            readGatewayInformation: async () => discord.readGatewayInformation(guild),
            readBotUserId: async () => (await discord.whoAmI(guild)).botUserId,
            memory,
            logger,
            clock,
            random: Math.random,
            ...(timing && { timing }),
          });
          session.start();
          return;
        } catch (error) {
          if (attempt === 0) logger.warn({ err: error, ...guild }, 'reading a bot token failed');
          await sleep(backoffMs(attempt, RETRY), undefined, { signal }).catch(() => undefined);
        }
      }
    };
    const opening = open();
    return {
      async stop() {
        stopping.abort();
        await opening;
        await session?.stop();
      },
    };
  };
}

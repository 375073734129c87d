import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../lib/errors.js';
import type { Part } from '../../lib/lifecycle.js';
import { type BotFeed, type FeedDeps, openBotFeed } from './bot-feed.js';
import type { LiveBot, LiveMemory } from './ports.js';

interface Deps extends FeedDeps {
  readonly memory: LiveMemory;
  readonly pollMs: number;
}

/**
 * Keeps a gateway session for every bot whose lease this process holds.
 * In: events of Discord's gateway. Out: the mirror, marks, and each client's live state.
 * Never: a decision about a member, a write to Discord, or a session for another process's bot.
 */
export function createLive(deps: Deps): Part {
  const { memory, logger, pollMs } = deps;
  const feeds = new Map<string, OpenFeed>();
  const stopping = new AbortController();
  let looking: Promise<void> = Promise.resolve();
  let trouble: string | null = null;

  const close = async (key: string): Promise<void> => {
    const open = feeds.get(key);
    feeds.delete(key);
    await open?.feed.stop();
  };
  const look = async (): Promise<void> => {
    const bots = new Map((await memory.readBots()).map((bot) => [bot.applicationId, bot]));
    for (const [applicationId, open] of feeds) {
      const bot = bots.get(applicationId);
      if (bot === undefined || keyOf(bot) !== open.key) await close(applicationId);
    }
    for (const [applicationId, bot] of bots) {
      const open = feeds.get(applicationId);
      if (open === undefined)
        feeds.set(applicationId, { key: keyOf(bot), feed: openBotFeed(deps, bot) });
      else open.feed.follow(bot);
    }
  };
  const lookOn = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await look();
        trouble = null;
      } catch (error) {
        trouble = `cannot read which bots this process has: ${messageOf(error)}`;
        logger.warn({ err: error }, 'looking for bots failed');
      }
      await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  return {
    name: 'live',
    start() {
      looking = lookOn();
      return Promise.resolve();
    },
    async stop() {
      stopping.abort();
      await looking;
      await Promise.all([...feeds.keys()].map(close));
    },
    ready: () => (trouble === null ? { ok: true } : { ok: false, reason: trouble }),
  };
}

interface OpenFeed {
  readonly key: string;
  readonly feed: BotFeed;
}

/** Changes whenever the session has to be opened anew: with other credentials. */
function keyOf({ clients }: LiveBot): string {
  return clients[0]?.revision ?? '';
}

/**
 * Discord's limit per bot over all routes and guilds, 50 calls a second:
 * https://docs.discord.com/developers/topics/rate-limits#global-rate-limit A tenth is reserved for
 * joins: a person is waiting in front of the page, while a sweep can wait.
 */
export interface GlobalBudget {
  /** Takes one call if one is left; else answers when the next one will be. */
  take(use: 'join' | 'other'): { readonly until: number } | null;
}

export function createGlobalBudget({
  clock,
  perSecond,
}: {
  readonly clock: () => number;
  readonly perSecond: number;
}): GlobalBudget {
  const limit = Math.max(1, Math.floor(perSecond));
  const kept = Math.min(limit - 1, Math.ceil(limit / 10));
  const all = createWindow(limit);
  const others = createWindow(limit - kept);

  return {
    take(use) {
      const now = clock();
      const windows = use === 'join' ? [all] : [all, others];
      const until = Math.max(...windows.map((window) => window.freeAt(now)));
      if (until > now) return { until };
      for (const window of windows) window.note(now);
      return null;
    },
  };
}

const WINDOW_MS = 1000;

/**
 * Slides: in no second that one may pick are there more than `limit`. Holds the times of the last
 * calls, in a ring.
 */
function createWindow(limit: number) {
  const times = new Float64Array(limit).fill(-Infinity);
  let oldest = 0;

  return {
    freeAt(now: number): number {
      const time = times[oldest] ?? -Infinity;
      // A clock that was set back must not close the window for as long as it went back.
      return time > now ? now : time + WINDOW_MS;
    },
    note(now: number): void {
      times[oldest] = now;
      oldest = (oldest + 1) % limit;
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';

import type { SandboxDiscord } from 'sandbox-discord';

interface RoleCall {
  readonly method: 'PUT' | 'DELETE';
  readonly guildId: string;
  readonly discordUserId: string;
  readonly roleId: string;
}

export interface Arrivals {
  /** Time from the change to the arrival of the call, in ms; null: it did not arrive. */
  after(call: RoleCall, change: () => void): Promise<number | null>;
}

const LIMIT_MS = 10_000;

/** Measures when calls that change one role arrive at the sandbox. */
export function createArrivals({ calls }: SandboxDiscord): Arrivals {
  const waiting = new Map<string, (atMs: number) => void>();
  calls.onCall(({ method, path, status }) => {
    if (status === 204) waiting.get(`${method} ${path}`)?.(performance.now());
  });
  return {
    async after({ method, guildId, discordUserId, roleId }, change) {
      const key = `${method} /api/v10/guilds/${guildId}/members/${discordUserId}/roles/${roleId}`;
      const arrived = new Promise<number>((resolve) => waiting.set(key, resolve));
      const timer = new AbortController();
      const startedAt = performance.now();
      change();
      const late = sleep(LIMIT_MS, null, timer).catch(() => null);
      const at = await Promise.race([arrived, late]);
      timer.abort();
      waiting.delete(key);
      return at === null ? null : at - startedAt;
    },
  };
}

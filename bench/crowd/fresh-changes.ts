import { setTimeout as sleep } from 'node:timers/promises';

import type { SandboxCall, SandboxDiscord } from 'sandbox-discord';

import { eventually } from '../../test/support/eventually.js';
import { isWrite } from './rows.js';

/**
 * Sends one change after the other, each about another member, while the work lasts. Resolves with
 * the time that each took until its member was written.
 */
export async function besideFreshChanges(
  discord: SandboxDiscord,
  fresh: {
    readonly everyMs: number;
    readonly discordUserIds: readonly string[];
    readonly send: (discordUserId: string) => Promise<unknown>;
  },
  work: () => Promise<unknown>,
): Promise<readonly number[]> {
  const sentAt = new Map<string, number>();
  const tookMs: number[] = [];
  const unwatch = discord.calls.onCall((call) => {
    const member = isWrite(call) ? memberOf(call) : undefined;
    const at = member === undefined ? undefined : sentAt.get(member);
    if (member === undefined || at === undefined) return;
    tookMs.push(performance.now() - at);
    sentAt.delete(member);
  });
  let isOver = false;
  const sending: Promise<unknown>[] = [];
  const sendAll = async () => {
    for (const discordUserId of fresh.discordUserIds) {
      await sleep(fresh.everyMs);
      if (isOver) return;
      sentAt.set(discordUserId, performance.now());
      sending.push(fresh.send(discordUserId));
    }
  };
  try {
    const sent = sendAll();
    await work().finally(() => {
      isOver = true;
    });
    await sent;
    await Promise.all(sending);
    await eventually(() => sentAt.size === 0, { withinMs: 60_000, what: 'fresh changes land' });
  } finally {
    unwatch();
  }
  return tookMs;
}

export function memberOf({ path }: SandboxCall): string | undefined {
  return /\/members\/(\d+)/.exec(path)?.[1];
}

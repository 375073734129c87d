import {
  DEFAULT_LIMITS,
  createSandboxDiscord,
  scaleLimits,
  type SandboxDiscord,
} from 'sandbox-discord';

import { connectRest, createNaiveBot, type NaiveBot } from '../naive/bot.js';
import { watch, type Watched } from '../support/scaled-connector.js';
import type { ScaledTime } from '../support/scaled-time.js';
import { settledWorld, type SettledGuild } from '../support/settled-guild.js';

export interface NaiveWorld {
  readonly discord: SandboxDiscord;
  /** One for each guild. Guilds with the same bot share its connection. */
  readonly bots: readonly NaiveBot[];
}

/** Runs the naive bot on the same guilds with a separate sandbox Discord. */
export async function runNaive<T>(
  settled: readonly SettledGuild[],
  time: ScaledTime,
  work: (naive: NaiveWorld) => Promise<T>,
): Promise<Watched & { readonly result: T }> {
  const discord = createSandboxDiscord({
    world: settledWorld(settled),
    limits: scaleLimits(DEFAULT_LIMITS, time.factor),
  });
  const { url } = await discord.start();
  const tokens = new Set(settled.map(({ guild }) => guild.botToken));
  const connections = new Map(
    [...tokens].map((token) => [
      token,
      connectRest({ api: `${url}/api`, token, timeFactor: time.factor }),
    ]),
  );
  const bots = settled.flatMap(({ guild }) => {
    const rest = connections.get(guild.botToken);
    return rest === undefined ? [] : [createNaiveBot(rest, guild.guildId)];
  });
  try {
    let done: { readonly result: T } | undefined;
    const watched = await watch(discord, async () => {
      done = { result: await work({ discord, bots }) };
    });
    if (done === undefined) throw new Error('the naive bot did nothing');
    return { ...watched, ...done };
  } finally {
    for (const rest of connections.values()) {
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
    }
    await discord.stop();
  }
}

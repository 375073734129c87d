import { setTimeout as sleep } from 'node:timers/promises';

import { createSandboxDiscord, type SandboxDiscord } from 'sandbox-discord';

import { numbers } from '../support/bench-guilds.js';
import type { BenchWorld } from '../support/bench-world.js';
import { verdict, type Answer } from '../support/bench.js';
import { startLiveConnector, type LiveConnector } from '../support/live-connector.js';
import { settledGuilds, settledWorld, type SettledGuild } from '../support/settled-guild.js';

const AIM_MORE_MB = 60;
const MB = 1_000_000;

interface Shape {
  readonly bots: number;
  readonly membersEach: number;
}

/** How much more memory the service holds while its clients are live. */
export async function memoryCost(world: BenchWorld): Promise<Answer> {
  const shapes = world.isQuick
    ? [
        { bots: 10, membersEach: 1_000 },
        { bots: 1, membersEach: 20_000 },
      ]
    : [
        { bots: 50, membersEach: 1_000 },
        { bots: 1, membersEach: 200_000 },
      ];
  const measured = [];
  for (const shape of shapes) {
    const polling = await measure(world, shape, false);
    measured.push({ shape, polling, live: await measure(world, shape, true) });
  }
  return {
    rows: measured.map(({ shape, polling, live }) => ({
      what: `memory, ${wordsOf(shape)}`,
      'polling MB': polling,
      'live MB': live,
      'more MB': live - polling,
    })),
    notes: [
      `Memory: the resident set after a collection of garbage, the lowest of ${READINGS} readings; every member is linked and listed once. Then ${EVENTS.toLocaleString('en-GB')} nicknames were changed by hand. Polling: the same with live off.`,
      ...measured.map(({ shape, polling, live }) =>
        verdict(
          `${wordsOf(shape)}: within ${AIM_MORE_MB} MB of the same without live`,
          `${live - polling} MB more`,
          live - polling <= AIM_MORE_MB,
        ),
      ),
    ],
  };
}

function wordsOf({ bots, membersEach }: Shape): string {
  const members = membersEach.toLocaleString('en-GB');
  return bots === 1 ? `one bot of ${members} members` : `${bots} bots of ${members} members each`;
}

const EVENTS = 5_000;
const READINGS = 3;

async function measure(
  world: BenchWorld,
  { bots, membersEach }: Shape,
  isLive: boolean,
): Promise<number> {
  const settled = settledGuilds({
    guilds: bots,
    members: membersEach,
    roles: 2,
    groupsOf: () => [0],
  });
  const discord = createSandboxDiscord({ world: settledWorld(settled), limits: null });
  const { apiBase } = await discord.start();
  try {
    const connector = await startLiveConnector(world, {
      name: 'live_memory',
      settled,
      apiBase,
      windowMs: 250,
      isLive,
    });
    try {
      const renamed = rename(discord, settled);
      if (isLive) await connector.showsRenamed(renamed);
      await connector.quiet();
      await connector.checkLive();
      return await lowestMb(connector);
    } finally {
      await connector.stop();
    }
  } finally {
    await discord.stop();
  }
}

/** Spreads the changes over all guilds. Returns the number of changes. */
function rename({ moderator }: SandboxDiscord, settled: readonly SettledGuild[]): number {
  const each = Math.ceil(EVENTS / settled.length);
  for (const place of numbers(each))
    for (const { guild } of settled)
      moderator.setNick({
        guildId: guild.guildId,
        discordUserId: guild.discordUserIds[place] ?? '',
        nick: `Renamed ${place}`,
      });
  return each * settled.length;
}

async function lowestMb({ service }: LiveConnector): Promise<number> {
  const readings: number[] = [];
  for (const _ of numbers(READINGS)) {
    await sleep(1_000);
    readings.push(await service.residentBytes());
  }
  return Math.round(Math.min(...readings) / MB);
}

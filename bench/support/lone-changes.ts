import { setTimeout as sleep } from 'node:timers/promises';

import { createSandboxDiscord } from 'sandbox-discord';

import { eventually } from '../../test/support/eventually.js';
import { benchGuilds, sandboxWorldOf, type BenchGuild } from './bench-guilds.js';
import type { BenchWorld } from './bench-world.js';
import { addHolders } from './holders.js';
import { changeOf } from './load.js';
import { startNaive } from './naive-process.js';
import { createPlatformTopic, type PlatformTopic } from './platform-topic.js';
import { quantiles, type Quantiles } from './quantiles.js';
import { startService } from './service.js';
import { stockStore, type StockedMember } from './stock-store.js';

export interface LoneChanges {
  readonly service: Quantiles;
  readonly naive: Quantiles;
  /** Number of changes for each. */
  readonly changes: number;
  readonly missing: number;
}

/** Time between a change for the service and the same change for the naive bot. */
export const APART_MS = 200;

/**
 * One change at a time: each is sent for a guild of the service, and `APART_MS` later for a guild
 * of the naive bot, so that neither works while the other is measured.
 */
export async function measureLone(
  world: BenchWorld,
  run: { readonly seconds: number; readonly windowMs: number },
): Promise<LoneChanges> {
  const { brokers } = await world.kafka();
  const postgres = await world.postgres();
  const databaseUrl = await postgres.createDatabase('latency_lone');
  const guilds = benchGuilds({ guilds: 4, rolesEach: 5, membersEach: 20 });
  const [ourGuilds, theirGuilds] = [guilds.slice(0, 2), guilds.slice(2)];
  const discord = createSandboxDiscord({ world: sandboxWorldOf(guilds), limits: null });
  const { apiBase, url } = await discord.start();
  const members = await stockStore(databaseUrl, { guilds: ourGuilds, apiBase });
  await addHolders(databaseUrl);
  const [ourTopic, theirTopic] = [
    await createPlatformTopic(brokers, 1),
    await createPlatformTopic(brokers, 1),
  ];
  const service = await startService({
    main: await world.service(),
    databaseUrl,
    brokers,
    topic: ourTopic,
    parts: 'events,reconcile',
    windowMs: run.windowMs,
  });
  const naive = await startNaive({
    brokers,
    topic: theirTopic,
    databaseUrl: await postgres.createDatabase('latency_naive'),
    api: `${url}/api`,
    guilds: theirGuilds,
  });
  try {
    const ours = createSide(members, ourTopic);
    const theirs = createSide(membersOf(theirGuilds), theirTopic);
    const sides = [ours, theirs];
    discord.calls.onCall((call) => sides.forEach((side) => side.arrived(call)));
    await alternate(sides, 2);
    sides.forEach((side) => side.forget());
    await alternate(sides, run.seconds);
    return {
      service: quantiles(ours.tookMs()),
      naive: quantiles(theirs.tookMs()),
      changes: ours.tookMs().length,
      missing: ours.missing() + theirs.missing(),
    };
  } finally {
    await naive.stop();
    await service.stop();
    await ourTopic.close();
    await theirTopic.close();
    await discord.stop();
  }
}

/** The changes sent to one side, and the arrival times of its calls. */
function createSide(members: readonly StockedMember[], topic: PlatformTopic) {
  const sentAt = new Map<string, number>();
  let tookMs: number[] = [];
  let turn = 0;
  return {
    send(): Promise<void> {
      const { key, ...change } = changeOf(members, turn);
      turn += 1;
      sentAt.set(key, performance.now());
      return topic.send([{ ...change, sequence: turn }]);
    },
    arrived({ method, path }: { readonly method: string; readonly path: string }) {
      const at = sentAt.get(`${method} ${path}`);
      if (at !== undefined) tookMs.push(performance.now() - at);
      sentAt.delete(`${method} ${path}`);
    },
    forget: () => void (tookMs = []),
    tookMs: () => tookMs,
    missing: () => sentAt.size,
  };
}

async function alternate(sides: readonly ReturnType<typeof createSide>[], seconds: number) {
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until) {
    for (const side of sides) {
      await side.send();
      await sleep(APART_MS);
    }
  }
  const isDone = () => sides.every((side) => side.missing() === 0);
  await eventually(isDone, { withinMs: 10_000 }).catch(() => undefined);
}

function membersOf(guilds: readonly BenchGuild[]): readonly StockedMember[] {
  return guilds.flatMap((guild) =>
    guild.discordUserIds.map((discordUserId) => ({
      clientId: '',
      guild,
      platformUserId: `user-${discordUserId}`,
      discordUserId,
    })),
  );
}

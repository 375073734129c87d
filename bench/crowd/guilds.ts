import { membership } from '../../test/builders/store-world.js';
import type { BenchWorld } from '../support/bench-world.js';
import { verdict, type Answer } from '../support/bench.js';
import { startScaled, type Watched } from '../support/scaled-connector.js';
import { scaledTime, type ScaledTime } from '../support/scaled-time.js';
import { settledGuilds, type SettledGuild } from '../support/settled-guild.js';
import { mappedGroup } from '../support/stock-store.js';
import { limitSeconds, ROLE_BUCKETS } from './limits.js';
import { runNaive } from './naive-run.js';
import { compare, partOf, percentOf, type Limited } from './rows.js';

interface Guilds {
  readonly name: string;
  readonly what: string;
  readonly settled: readonly SettledGuild[];
  readonly time: ScaledTime;
}

const AIM_PERCENT = 95;

/** Two guilds with the same bot, which share its global rate limit. */
export async function twoGuilds(world: BenchWorld): Promise<Answer> {
  const members = world.isQuick ? 60 : 200;
  const settled = settledGuilds({ ...ONE_ROLE, guilds: 2, members, shareBot: true });
  const what = `2 guilds of one bot, ${members} grants each`;
  return shares(world, { name: 'two', what, settled, time: scaledTime(0.1) });
}

/** Fifty guilds in one process, at real speed: this machine is too slow for scaled windows. */
export async function fiftyGuilds(world: BenchWorld): Promise<Answer> {
  const members = 40;
  const settled = settledGuilds({ ...ONE_ROLE, guilds: 50, members });
  const what = `50 guilds of one process, ${members} grants each, at real speed`;
  return shares(world, { name: 'fifty', what, settled, time: scaledTime(1) });
}

const ONE_ROLE = { roles: 1, groupsOf: () => [] };

async function shares(world: BenchWorld, guilds: Guilds): Promise<Answer> {
  const { what, time, settled } = guilds;
  const members = settled[0]?.guild.discordUserIds.length ?? 0;
  const limited = { what, time, limit: limitSeconds(members, ROLE_BUCKETS) };
  const service = await byService(world, guilds);
  const naive = await byNaive(guilds);
  const { rows, notes } = compare(limited, service, naive);
  const percents = percentsOf(limited, settled, service);
  const [lowest = 0] = percents;
  return {
    rows: rows.map((row, index) => ({
      ...row,
      'each guild, %': rangeOf(percentsOf(limited, settled, index === 0 ? service : naive)),
    })),
    notes: [
      ...notes,
      verdict(
        `${what}: ${AIM_PERCENT} % in each guild`,
        `${rangeOf(percents)} %`,
        lowest >= AIM_PERCENT,
      ),
    ],
  };
}

/** Each guild's share of its own limit, the lowest first. */
function percentsOf(
  limited: Limited,
  settled: readonly SettledGuild[],
  watched: Watched,
): readonly number[] {
  return settled
    .map(({ guild }) => partOf(watched, ({ guildId }) => guildId === guild.guildId))
    .map((part) => percentOf(limited, part))
    .toSorted((a, b) => a - b);
}

const rangeOf = (percents: readonly number[]) => `${percents.at(0)} to ${percents.at(-1)}`;

async function byService(world: BenchWorld, { name, settled, time }: Guilds): Promise<Watched> {
  const databaseUrl = await (await world.postgres()).createDatabase(`crowd_${name}_guilds`);
  const connector = await startScaled(databaseUrl, settled, time);
  try {
    return await connector.watch(async () =>
      connector.store.applyFacts(
        settled.flatMap(({ guild }) =>
          guild.discordUserIds.map((id) => membership(`user-${id}`, mappedGroup(0))),
        ),
      ),
    );
  } finally {
    await connector.stop();
  }
}

/** One walk for each guild, all at the same time. */
async function byNaive({ settled, time }: Guilds): Promise<Watched> {
  return runNaive(settled, time, async ({ bots }) => {
    const walk = async ({ guild }: SettledGuild, index: number) => {
      const [role = ''] = guild.roleIds;
      for (const id of guild.discordUserIds) await bots[index]?.change(id, role, 'added');
    };
    await Promise.all(settled.map(walk));
  });
}

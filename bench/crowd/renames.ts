import type { PlatformFact } from '../../services/model.js';
import { cause, membership, nextOrder } from '../../test/builders/store-world.js';
import type { BenchWorld } from '../support/bench-world.js';
import type { Answer } from '../support/bench.js';
import { startScaled, type Watched } from '../support/scaled-connector.js';
import { scaledTime } from '../support/scaled-time.js';
import { settledGuild, type SettledGuild } from '../support/settled-guild.js';
import { mappedGroup } from '../support/stock-store.js';
import { memberOf } from './fresh-changes.js';
import { limitSeconds } from './limits.js';
import { runNaive } from './naive-run.js';
import { nicknameOf, NICKNAMES } from './newcomers.js';
import { compare, partOf, rowOf, type Limited } from './rows.js';

const TIME = scaledTime(0.1);

interface Crowd {
  readonly settled: SettledGuild;
  readonly renamed: readonly string[];
  readonly promoted: readonly string[];
}

/** Some members get a new name while others get another role. */
export async function renames(world: BenchWorld): Promise<Answer> {
  const [renamed, promoted] = world.isQuick ? [100, 20] : [1_000, 200];
  const crowd = crowdOf(renamed, promoted);
  const sample = crowdOf(100, 20);
  const answers = answersOf(crowd, await byService(world, crowd));
  const naive = await byNaive(sample);
  return {
    rows: [
      ...answers.flatMap(({ rows }) => rows),
      ...partsOf(sample, naive).map(([what, part]) => rowOf(what, 'naive bot', part)),
    ],
    notes: answers.flatMap(({ notes }) => notes),
  };
}

function crowdOf(renamed: number, promoted: number): Crowd {
  const members = 1 + renamed + promoted;
  const settled = settledGuild({ members, roles: 2, groupsOf: () => [0] });
  // Without the owner of the guild, whom no bot can rename.
  const ids = settled.guild.discordUserIds.slice(1);
  return { settled, renamed: ids.slice(0, renamed), promoted: ids.slice(renamed) };
}

const answersOf = (crowd: Crowd, service: Watched): readonly Answer[] =>
  partsOf(crowd, service).map(([limited, part]) => compare(limited, part, null));

function partsOf({ renamed, promoted }: Crowd, watched: Watched) {
  const arePromoted = new Set(promoted);
  const part = (isPromotion: boolean) =>
    partOf(watched, (call) => arePromoted.has(memberOf(call) ?? '') === isPromotion);
  const limited = (what: string, limit: number): Limited => ({ what, time: TIME, limit });
  const renames = limited(
    `${renamed.length} renames beside promotions`,
    limitSeconds(renamed.length, ['memberPatch']),
  );
  const promotions = limited(
    `${promoted.length} promotions beside renames`,
    limitSeconds(promoted.length, ['memberRoles']),
  );
  return [
    [renames, part(false)],
    [promotions, part(true)],
  ] as const;
}

async function byService(
  world: BenchWorld,
  { settled, renamed, promoted }: Crowd,
): Promise<Watched> {
  const databaseUrl = await (await world.postgres()).createDatabase('crowd_renames');
  const connector = await startScaled(databaseUrl, [settled], TIME, NICKNAMES);
  try {
    return await connector.watch(async () =>
      connector.store.applyFacts([
        ...renamed.map(rename),
        ...promoted.map((id) => membership(`user-${id}`, mappedGroup(1))),
      ]),
    );
  } finally {
    await connector.stop();
  }
}

function rename(discordUserId: string): PlatformFact {
  return {
    kind: 'userChanged',
    platformUserId: `user-${discordUserId}`,
    username: discordUserId,
    order: nextOrder(),
    cause,
  };
}

async function byNaive({ settled, renamed, promoted }: Crowd): Promise<Watched> {
  const [, second = ''] = settled.guild.roleIds;
  return runNaive([settled], TIME, async ({ bots }) => {
    const renameAll = async () => {
      for (const id of renamed)
        await bots[0]?.syncMember(id, { roleIds: [], nickname: nicknameOf(id) });
    };
    const promoting = promoted.map(async (id) => bots[0]?.change(id, second, 'added'));
    await Promise.all([renameAll(), ...promoting]);
  });
}

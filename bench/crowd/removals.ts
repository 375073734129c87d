import { cause, membership, nextOrder } from '../../test/builders/store-world.js';
import { eventually } from '../../test/support/eventually.js';
import type { BenchWorld } from '../support/bench-world.js';
import type { Answer } from '../support/bench.js';
import { approvePlan, holdersOf } from '../support/held-plan.js';
import { startScaled } from '../support/scaled-connector.js';
import { scaledTime } from '../support/scaled-time.js';
import { settledGuild, type SettledGuild } from '../support/settled-guild.js';
import { mappedGroup } from '../support/stock-store.js';
import { besideFreshChanges } from './fresh-changes.js';
import { limitSeconds, ROLE_BUCKETS } from './limits.js';
import { runNaive } from './naive-run.js';
import { compare, isWrite, type Measured } from './rows.js';

const TIME = scaledTime(0.1);
const FRESH_EVERY_SECONDS = 3;
const EVERY_MS = FRESH_EVERY_SECONDS * 1_000 * TIME.factor;

/** A dissolved group whose plan was approved, beside one fresh grant every few seconds. */
export async function removals(
  world: BenchWorld,
  { members, withNaive }: { readonly members: number; readonly withNaive: boolean },
): Promise<Answer> {
  const spare = Math.ceil(members / 2);
  const settled = settledGuild({
    members: members + spare,
    roles: 2,
    groupsOf: (place) => (place < members ? [0] : []),
  });
  const service = await byService(world, settled, members);
  const naive = withNaive ? await byNaive(settled, members) : null;
  const what = `${members} removals, a fresh change every ${FRESH_EVERY_SECONDS} s`;
  const limit = limitSeconds(service.calls.filter(isWrite).length, ROLE_BUCKETS);
  return compare({ what, time: TIME, limit }, service, naive);
}

async function byService(
  world: BenchWorld,
  settled: SettledGuild,
  members: number,
): Promise<Measured> {
  const databaseUrl = await (await world.postgres()).createDatabase(`crowd_removals_${members}`);
  const connector = await startScaled(databaseUrl, [settled], TIME);
  const { store, discord } = connector;
  try {
    const deletion = { kind: 'groupDeleted', groupId: mappedGroup(0), cause } as const;
    await store.applyFacts([{ ...deletion, order: nextOrder() }]);
    await connector.quiet();
    let freshMs: readonly number[] = [];
    const watched = await connector.watch(async () => {
      const send = async (id: string) =>
        store.applyFacts([membership(`user-${id}`, mappedGroup(1))]);
      freshMs = await besideFreshChanges(
        discord,
        { ...freshOf(settled, members), send },
        async () => {
          await approvePlan(connector, members);
          await eventually(() => holdersOf(discord, settled) === 0, {
            withinMs: 3_600_000 * TIME.factor + 30_000,
            what: 'the role has no holders',
          });
        },
      );
    });
    return { ...watched, freshMs };
  } finally {
    await connector.stop();
  }
}

async function byNaive(settled: SettledGuild, members: number): Promise<Measured> {
  const [lost = '', gained = ''] = settled.guild.roleIds;
  const { result: freshMs, ...watched } = await runNaive([settled], TIME, async (naive) => {
    const { discord, bots } = naive;
    const send = async (id: string) => bots[0]?.change(id, gained, 'added');
    return besideFreshChanges(discord, { ...freshOf(settled, members), send }, async () => {
      await bots[0]?.removeRole(lost, settled.guild.discordUserIds.slice(0, members));
    });
  });
  return { ...watched, freshMs };
}

function freshOf({ guild }: SettledGuild, members: number) {
  return { everyMs: EVERY_MS, discordUserIds: guild.discordUserIds.slice(members) };
}

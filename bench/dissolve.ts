import type { SandboxCall } from 'sandbox-discord';

import { cause, membership, nextOrder } from '../test/builders/store-world.js';
import { eventually } from '../test/support/eventually.js';
import type { BenchWorld } from './support/bench-world.js';
import { verdict, type Answer, type Bench, type Row } from './support/bench.js';
import { callsByKind } from './support/calls-by-kind.js';
import { approvePlan, holdersOf } from './support/held-plan.js';
import { rounded } from './support/quantiles.js';
import { startScaled, type ScaledConnector, type Watched } from './support/scaled-connector.js';
import { scaledTime } from './support/scaled-time.js';
import { settledGuild, type SettledGuild } from './support/settled-guild.js';
import { mappedGroup } from './support/stock-store.js';

export const dissolve: Bench = {
  name: 'dissolve',
  question: 'how long until a dissolved group is gone from Discord?',
  answer,
};

const TIME = scaledTime(0.1);
const AIM_MINUTES = 27;
const AIM_GRANT_SECONDS = 5;

async function answer(world: BenchWorld): Promise<Answer> {
  const members = world.isQuick ? 200 : 3_000;
  // One more is in no group, until there is a fresh grant.
  const settled = settledGuild({
    members: members + 1,
    roles: 2,
    groupsOf: (place) => (place < members ? [0] : []),
  });
  const databaseUrl = await (await world.postgres()).createDatabase('dissolve');
  const connector = await startScaled(databaseUrl, [settled], TIME);
  try {
    return await answerOf(connector, settled, members);
  } finally {
    await connector.stop();
  }
}

async function answerOf(
  connector: ScaledConnector,
  settled: SettledGuild,
  members: number,
): Promise<Answer> {
  const { store } = connector;
  const deleted = await connector.watch(() =>
    store.applyFacts([
      {
        kind: 'groupDeleted',
        groupId: mappedGroup(0),
        order: nextOrder(),
        cause,
      },
    ]),
  );
  const held = members - membersOf(deleted.calls).size;
  let grantMs = Number.NaN;
  const approved = await connector.watch(async () => {
    await approvePlan(connector, held);
    await eventually(() => holdersOf(connector.discord, settled) <= held / 2, {
      withinMs: 1_800_000 * TIME.factor + 30_000,
      what: 'half of them are gone',
    });
    grantMs = await landing(connector, settled);
  });
  const left = holdersOf(connector.discord, settled);
  if (left > 0) throw new Error(`${left} hold the role still`);
  const all = [...deleted.calls, ...approved.calls];
  const writes = all.filter(isChange);
  const duplicates = writes.length - membersOf(all).size;
  const refused = all.filter(({ status }) => status === 429).length;
  const minutes = rounded(TIME.unscaledSeconds(approved.tookMs) / 60);
  const grant = TIME.unscaledSeconds(grantMs);
  return {
    rows: [
      rowOf(`group of ${members} deleted, which the guard holds`, deleted),
      rowOf(`${held} approved, and one fresh grant`, approved),
    ],
    notes: [
      `Everybody held the role for longer than an hour; the removal guard as it is by default. ${held} waited in one plan of kind CHANGES, which was approved by its hash.`,
      TIME.note,
      'The fresh grant is an event about another member and another role, once half of those approved were done.',
      verdict(
        `nobody before the approval, all within ${AIM_MINUTES} minutes of it`,
        `${members - held} before, ${minutes} minutes for ${held}`,
        held === members && minutes <= AIM_MINUTES,
      ),
      verdict('one change a member', `${duplicates} more`, duplicates === 0),
      verdict(
        `a fresh grant within ${AIM_GRANT_SECONDS} s`,
        `${grant} s`,
        grant <= AIM_GRANT_SECONDS,
      ),
      verdict('never a 429', refused, refused === 0),
    ],
  };
}

function rowOf(what: string, { calls, tookMs }: Watched): Row {
  const changes = calls.filter(isChange).length;
  const seconds = TIME.unscaledSeconds(tookMs);
  return {
    phase: what,
    changes,
    seconds,
    'changes a second': rounded(changes / seconds),
    calls: calls.length,
    'consists of': callsByKind(calls),
  };
}

function isChange({ method, status }: SandboxCall): boolean {
  return method !== 'GET' && status >= 200 && status < 300;
}

/** Who was changed. */
function membersOf(calls: readonly SandboxCall[]): ReadonlySet<string> {
  return new Set(
    calls.filter(isChange).map(({ path }) => /\/members\/(\d+)/.exec(path)?.[1] ?? path),
  );
}

/** From the event until Discord shows the role. */
async function landing(
  { store, discord }: ScaledConnector,
  { guild }: SettledGuild,
): Promise<number> {
  const discordUserId = guild.discordUserIds.at(-1) ?? '';
  const roleId = guild.roleIds[1] ?? '';
  const startedAt = performance.now();
  await store.applyFacts([membership(`user-${discordUserId}`, mappedGroup(1))]);
  await eventually(
    () => discord.member(guild.guildId, discordUserId)?.roleIds.includes(roleId) === true,
    { withinMs: 60_000, what: 'the fresh grant is there' },
  );
  return performance.now() - startedAt;
}

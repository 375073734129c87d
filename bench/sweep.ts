import { membership } from '../test/builders/store-world.js';
import { numbers } from './support/bench-guilds.js';
import type { BenchWorld } from './support/bench-world.js';
import { verdict, type Answer, type Bench, type Row } from './support/bench.js';
import { callsByKind } from './support/calls-by-kind.js';
import { callsOfOthers, SECONDS_OF_OTHERS, type OtherCosts } from './support/other-connectors.js';
import { startScaled, type ScaledConnector, type Watched } from './support/scaled-connector.js';
import { scaledTime } from './support/scaled-time.js';
import { rolesOf, settledGuild, type SettledGuild } from './support/settled-guild.js';
import { mappedGroup } from './support/stock-store.js';

export const sweep: Bench = {
  name: 'sweep',
  question: 'what does a sweep cost, and how long does it take to put right?',
  answer,
};

/** Not shorter: reading the lists is work of this machine. */
const TIME = scaledTime(0.2);
const ROLES = 10;
const ROLES_EACH = 2;
/** Three of the groups each, so that every role has its share of holders. */
const groupsOf = (place: number) => [place % ROLES, (place + 1) % ROLES, (place + 3) % ROLES];

const AIM_CALLS = 240;
const AIM_SECONDS = 75;

interface Crowd {
  readonly members: number;
  readonly drifted: number;
}

async function answer(world: BenchWorld): Promise<Answer> {
  const crowd = world.isQuick ? { members: 1_000, drifted: 20 } : { members: 5_000, drifted: 100 };
  const settled = settledGuild({ ...crowd, roles: ROLES, groupsOf });
  const databaseUrl = await (await world.postgres()).createDatabase('sweep');
  const connector = await startScaled(databaseUrl, [settled], TIME);
  try {
    return await answerOf(connector, settled, crowd);
  } finally {
    await connector.stop();
  }
}

async function answerOf(
  connector: ScaledConnector,
  settled: SettledGuild,
  { members, drifted }: Crowd,
): Promise<Answer> {
  const others = callsOfOthers({ members, drifted, rolesEach: ROLES_EACH });
  const places = numbers(drifted).map((index) => index * Math.floor(members / drifted));
  await connector.sql.query(`update member set username = 'former-' || username`);
  const named = await connector.watch(() => connector.sweep('SYNC_ACCOUNTS'));
  const verified = await connector.watch(() => connector.sweep('VERIFY_GROUPS'));
  const found = await driftAndSweep(connector, settled, {
    places,
    kind: 'VERIFY_GROUPS',
  });
  const compared = await driftAndSweep(connector, settled, {
    places: places.map((place) => place + 1),
    kind: 'REMOTE_SYNC',
  });
  const event = await connector.watch(() => oneEvent(connector, settled));
  const each = `${drifted} with ${ROLES_EACH} wrong roles each`;
  const seconds = TIME.unscaledSeconds(compared.tookMs);
  const refused = [named, verified, found, compared, event].flatMap(({ calls }) =>
    calls.filter(({ status }) => status === 429),
  ).length;
  return {
    rows: [
      rowOf('(a) VERIFY_GROUPS, nothing wrong', verified, others.verified),
      rowOf(`(b) VERIFY_GROUPS, ${each}`, found, others.drifted),
      rowOf(`(c) REMOTE_SYNC, ${each}`, compared, others.compared),
      {
        'calls to Discord': '(c) in seconds',
        ...timesOf(seconds, members === 5_000),
      },
      rowOf(`(d) SYNC_ACCOUNTS, ${members} renamed`, named, others.named),
      rowOf('(e) one membership event', event, others.event),
    ],
    notes: [
      `${members} linked users, all in the guild, with three of ${ROLES} mapped roles each; every second of the drifted lost two of them by hand, the others were given two. The removal guard as it is by default.`,
      TIME.note,
      'Our own columns are counted by the sandbox Discord; those of the others are added up from what their sources do, seconds at their own limits for 5,000 and 100.',
      `(c) consists of ${callsByKind(compared.calls)}; (b) of ${callsByKind(found.calls)}.`,
      verdict('never a 429', refused, refused === 0),
      verdict(
        `at most ${AIM_CALLS} calls for (c)`,
        compared.calls.length,
        compared.calls.length <= AIM_CALLS,
      ),
      verdict(
        `(c) within ${AIM_SECONDS} s, from startSweep to the last change`,
        `${seconds} s`,
        seconds <= AIM_SECONDS,
      ),
      verdict('1 call for (a)', verified.calls.length, verified.calls.length === 1),
    ],
  };
}

function rowOf(what: string, { calls, tookMs }: Watched, others: OtherCosts): Row {
  return {
    'calls to Discord': what,
    'this one': calls.length,
    'after s': TIME.unscaledSeconds(tookMs),
    ...columnsOf(others),
  };
}

function timesOf(seconds: number, isComparable: boolean): Row {
  return {
    'this one': seconds,
    ...(isComparable ? columnsOf(SECONDS_OF_OTHERS) : {}),
  };
}

function columnsOf(others: OtherCosts): Row {
  return {
    optimum: others.optimum,
    SeAT: others.seat,
    Neucore: others.neucore,
    'Alliance Auth': others.allianceAuth,
    DMV: others.dmv,
    Minmatar: others.minmatar,
    Krypted: others.krypted,
  };
}

/** Changes roles by hand, has them found, and waits until all is as it was. */
async function driftAndSweep(
  connector: ScaledConnector,
  settled: SettledGuild,
  {
    places,
    kind,
  }: {
    readonly places: readonly number[];
    readonly kind: 'VERIFY_GROUPS' | 'REMOTE_SYNC';
  },
): Promise<Watched> {
  const { guildId, discordUserIds, roleIds } = settled.guild;
  const { moderator } = connector.discord;
  for (const [index, place] of places.entries()) {
    const held = rolesOf(settled, place);
    const others = roleIds.filter((roleId) => !held.includes(roleId));
    const discordUserId = discordUserIds[place] ?? '';
    const chosen = (index % 2 === 0 ? held : others).slice(0, ROLES_EACH);
    for (const roleId of chosen)
      moderator[index % 2 === 0 ? 'takeRole' : 'giveRole']({
        guildId,
        discordUserId,
        roleId,
      });
  }
  const watched = await connector.watch(() => connector.sweep(kind));
  const wrong = places.filter((place) => !isSettled(connector, settled, place));
  if (wrong.length > 0) throw new Error(`${wrong.length} members are out of step after ${kind}`);
  return watched;
}

function isSettled({ discord }: ScaledConnector, settled: SettledGuild, place: number): boolean {
  const { guildId, discordUserIds } = settled.guild;
  const holds = discord.member(guildId, discordUserIds[place] ?? '')?.roleIds;
  return (
    holds !== undefined && holds.toSorted().join() === rolesOf(settled, place).toSorted().join()
  );
}

async function oneEvent({ store }: ScaledConnector, { guild }: SettledGuild): Promise<void> {
  const [discordUserId = ''] = guild.discordUserIds;
  await store.applyFacts([membership(`user-${discordUserId}`, mappedGroup(ROLES - 1))]);
}

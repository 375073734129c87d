import { createSandboxDiscord, type SandboxCall, type SandboxDiscord } from 'sandbox-discord';

import { membership } from '../../test/builders/store-world.js';
import { eventually } from '../../test/support/eventually.js';
import { numbers } from '../support/bench-guilds.js';
import type { BenchWorld } from '../support/bench-world.js';
import type { Answer, Row } from '../support/bench.js';
import { callsByKind } from '../support/calls-by-kind.js';
import { startLiveConnector, type LiveConnector } from '../support/live-connector.js';
import { settledGuild, settledWorld, type SettledGuild } from '../support/settled-guild.js';
import { mappedGroup } from '../support/stock-store.js';

const MEMBERS = 1_000;
const ROLES = 10;
const HELD = [0, 1, 3];
/** A member's group and role that they do not have at the beginning, counted like `HELD`. */
const OTHER = 5;
/** Steps between leaving and coming back: an hour. */
const AWAY = 12;

/** The changes of a day, each about another member. A step is five minutes. */
interface Day {
  readonly steps: number;
  readonly facts: number;
  readonly hands: number;
  readonly returns: number;
}

const WHOLE: Day = { steps: 288, facts: 200, hands: 100, returns: 50 };
const EIGHTH: Day = { steps: 36, facts: 25, hands: 12, returns: 6 };

/** How many calls a day of mixed life costs, live and by polling. */
export async function day(world: BenchWorld): Promise<Answer> {
  const life = world.isQuick ? EIGHTH : WHOLE;
  const polling = await measure(world, life, false);
  const live = await measure(world, life, true);
  const percent = Math.round((100 * live.calls.length) / polling.calls.length);
  const { steps, facts, hands, returns } = life;
  const what = world.isQuick ? 'an eighth of a day' : 'a day';
  return {
    rows: [rowOf(`${what}, polling`, polling.calls), rowOf(`${what}, live`, live.calls)],
    notes: [
      `The day: one guild of ${MEMBERS} linked members with three of ${ROLES} mapped roles each; ${facts} facts, ${hands} roles given or taken by hand, ${returns} people who leave and come back an hour later, each another person, spread evenly.`,
      `Compressed: ${steps} steps of five minutes, played as fast as the work is done. Each step makes its changes, waits for the calls that follow at once, and runs one VERIFY_GROUPS, which lists the guild as often as in a real day. The weekly sweeps are left out. No rate limits.`,
      `Live makes ${percent} % of the calls of polling, and ${live.beginning.length} more at the beginning of a session: ${callsByKind(live.beginning)}.`,
    ],
  };
}

function rowOf(what: string, calls: readonly SandboxCall[]): Row {
  return { what, calls: calls.length, 'consists of': callsByKind(calls) };
}

interface Calls {
  readonly beginning: readonly SandboxCall[];
  readonly calls: readonly SandboxCall[];
}

async function measure(world: BenchWorld, life: Day, isLive: boolean): Promise<Calls> {
  const settled = settledGuild({
    members: MEMBERS,
    roles: ROLES,
    groupsOf: (place) => HELD.map((index) => (place + index) % ROLES),
  });
  const discord = createSandboxDiscord({ world: settledWorld([settled]), limits: null });
  const all: SandboxCall[] = [];
  discord.calls.onCall((call) => all.push(call));
  const { apiBase } = await discord.start();
  try {
    const connector = await startLiveConnector(world, {
      name: 'live_day',
      settled: [settled],
      apiBase,
      windowMs: 250,
      isLive,
    });
    try {
      const beginning = all.splice(0);
      await play({ connector, discord, settled, life, isLive });
      await connector.checkLive();
      return { beginning, calls: all };
    } finally {
      await connector.stop();
    }
  } finally {
    await discord.stop();
  }
}

interface Played {
  readonly connector: LiveConnector;
  readonly discord: SandboxDiscord;
  readonly settled: SettledGuild;
  readonly life: Day;
  readonly isLive: boolean;
}

async function play(played: Played): Promise<void> {
  const { connector, life } = played;
  const expected = numbers(MEMBERS).map((place) => HELD.map((index) => (place + index) % ROLES));
  for (const step of numbers(life.steps)) {
    await changeByFacts(played, expected, step);
    await changeByHand(played, expected, step);
    await leaveAndReturn(played, expected, step);
    await connector.quiet();
    await connector.sweep('VERIFY_GROUPS');
    await connector.quiet();
  }
  const wrong = numbers(MEMBERS).filter((place) => !isRight(played, expected, place));
  if (wrong.length > 0) throw new Error(`${wrong.length} members have wrong roles after the day`);
}

/** The indexes of the roles that each member should have. */
type Expected = number[][];

/** Half of the facts grant a role, half remove one. */
async function changeByFacts(played: Played, expected: Expected, step: number): Promise<void> {
  const { connector, settled, life } = played;
  for (const place of due(life, life.facts, step)) {
    const user = `user-${settled.guild.discordUserIds[place]}`;
    const [lost = 0, ...kept] = HELD.map((index) => (place + index) % ROLES);
    const gained = (place + OTHER) % ROLES;
    const isGrant = place % 2 === 0;
    expected[place] = isGrant ? [lost, ...kept, gained] : kept;
    await connector.store.applyFacts([
      isGrant
        ? membership(user, mappedGroup(gained))
        : membership(user, mappedGroup(lost), 'removed'),
    ]);
    await becomesRight(played, expected, place);
  }
}

/** Half of the changes give a role, half take one. */
async function changeByHand(played: Played, expected: Expected, step: number): Promise<void> {
  const { discord, settled, life, isLive } = played;
  const { guildId, discordUserIds, roleIds } = settled.guild;
  for (const index of due(life, life.hands, step)) {
    const place = life.facts + index;
    const role = index % 2 === 0 ? place + OTHER : place;
    const change = index % 2 === 0 ? 'giveRole' : 'takeRole';
    const discordUserId = discordUserIds[place] ?? '';
    discord.moderator[change]({ guildId, discordUserId, roleId: roleIds[role % ROLES] ?? '' });
    if (isLive) await becomesRight(played, expected, place);
  }
}

async function leaveAndReturn(played: Played, expected: Expected, step: number): Promise<void> {
  const { connector, discord, settled, life, isLive } = played;
  const { guildId, discordUserIds } = settled.guild;
  const placeOf = (index: number) => life.facts + life.hands + index;
  const keyOf = (place: number) => ({ guildId, discordUserId: discordUserIds[place] ?? '' });
  const leaving = due(life, life.returns, step).map(placeOf);
  for (const place of leaving) discord.moderator.leave(keyOf(place));
  const returning = due(life, life.returns, step - AWAY).map(placeOf);
  for (const place of returning) {
    discord.moderator.join(keyOf(place));
    if (isLive) await becomesRight(played, expected, place);
  }
  const away = numbers(AWAY).flatMap((since) => due(life, life.returns, step - since));
  if (isLive) await connector.showsAbsent(away.length);
}

/** Which of `count` changes, spread evenly over the day, come in this step. */
function due({ steps }: Day, count: number, step: number): readonly number[] {
  return numbers(count).filter(
    (index) => Math.floor((index * (steps - AWAY - 1)) / count) === step,
  );
}

async function becomesRight(played: Played, expected: Expected, place: number): Promise<void> {
  await eventually(() => isRight(played, expected, place), {
    withinMs: 60_000,
    what: `the member at place ${place} has the right roles`,
  });
}

function isRight({ discord, settled }: Played, expected: Expected, place: number): boolean {
  const { guildId, discordUserIds, roleIds } = settled.guild;
  const held = discord.member(guildId, discordUserIds[place] ?? '')?.roleIds ?? [];
  const desired = (expected[place] ?? []).map((role) => roleIds[role] ?? '');
  return held.toSorted().join() === desired.toSorted().join();
}

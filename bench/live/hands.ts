import { setTimeout as sleep } from 'node:timers/promises';

import { createSandboxDiscord, type SandboxDiscord } from 'sandbox-discord';

import { numbers } from '../support/bench-guilds.js';
import type { BenchWorld } from '../support/bench-world.js';
import { verdict, type Answer, type Row } from '../support/bench.js';
import { startLiveConnector, type LiveConnector } from '../support/live-connector.js';
import { startNaiveLive } from '../support/naive-live-process.js';
import { quantiles, rounded, type Quantiles } from '../support/quantiles.js';
import { settledGuilds, settledWorld, type SettledGuild } from '../support/settled-guild.js';
import { createArrivals, type Arrivals } from './arrivals.js';

const ROLES = 10;
/** A member holds half of the roles, so that removals never touch half of a role's holders. */
const ROLES_EACH = 5;
const GUILDS_EACH = 2;
const DEFAULT_WINDOW_MS = 250;
const WINDOWED = `window ${DEFAULT_WINDOW_MS} ms`;
const IMMEDIATE = 'window 0';
const NAIVE = 'naive bot';
const SIDES = [WINDOWED, IMMEDIATE, NAIVE];
const AIM_P99_MS = { [WINDOWED]: 300, [IMMEDIATE]: 100 };
/** From one side's call to the next side's change: the record is closed by then. */
const APART_MS = 100;

/** In each guild. */
interface Size {
  /** Members who get a role by hand. */
  readonly holders: number;
  /** Members with one role who leave and come back. */
  readonly returning: number;
  readonly hands: number;
}

const WARM_UP = 4;

/** How long until a change on Discord is put right: the service with both windows, the naive bot. */
export async function hands(world: BenchWorld): Promise<Answer> {
  const size = world.isQuick
    ? { holders: 40, returning: 12, hands: 18 }
    : { holders: 80, returning: 104, hands: 154 };
  const settled = settledGuilds({
    guilds: 3 * GUILDS_EACH,
    members: size.holders + size.returning,
    roles: ROLES,
    groupsOf: (place) => groupsOf(place, size),
  });
  const discord = createSandboxDiscord({ world: settledWorld(settled), limits: null });
  const { apiBase, url } = await discord.start();
  const [windowed, immediate, naive] = SIDES.map((what, index) => ({
    what,
    settled: settled.slice(index * GUILDS_EACH, (index + 1) * GUILDS_EACH),
  }));
  if (!windowed || !immediate || !naive) throw new Error('a side is missing');
  const connectors: LiveConnector[] = [];
  let bot: { stop(): Promise<void> } | undefined;
  try {
    for (const [side, windowMs] of [
      [windowed, DEFAULT_WINDOW_MS],
      [immediate, 0],
    ] as const)
      connectors.push(
        await startLiveConnector(world, {
          name: `live_window_${windowMs}`,
          settled: side.settled,
          apiBase,
          windowMs,
          isLive: true,
        }),
      );
    bot = await startNaiveLive(`${url}/api`, naive.settled);
    return await compareSides({ discord, size, connectors, sides: [windowed, immediate, naive] });
  } finally {
    await bot?.stop();
    for (const connector of connectors) await connector.stop();
    await discord.stop();
  }
}

interface Comparison {
  readonly discord: SandboxDiscord;
  readonly size: Size;
  readonly connectors: readonly LiveConnector[];
  readonly sides: readonly Side[];
}

async function compareSides({ discord, size, connectors, sides }: Comparison): Promise<Answer> {
  const arrivals = createArrivals(discord);
  const given = await inTurn(sides, size.hands * GUILDS_EACH, (side, turn) =>
    giveByHand(discord, arrivals, { side, turn, size }),
  );
  for (const side of sides) for (const guild of side.settled) leaveAll(discord, guild, size);
  for (const connector of connectors) {
    await connector.showsAbsent(size.returning * GUILDS_EACH);
    await connector.quiet();
  }
  const joined = await inTurn(sides, size.returning * GUILDS_EACH, (side, turn) =>
    joinAgain(discord, arrivals, { side, turn, size }),
  );
  for (const connector of connectors) await connector.checkLive();
  return answerOf({ given, joined });
}

interface Side {
  readonly what: string;
  readonly settled: readonly SettledGuild[];
}

interface Turn {
  readonly side: Side;
  readonly turn: number;
  readonly size: Size;
}

function groupsOf(place: number, { holders }: Size): readonly number[] {
  if (place >= holders) return [place % ROLES];
  return numbers(ROLES_EACH).map((index) => (place + index) % ROLES);
}

/** Each member and role at most once: three reversals within ten minutes are a dispute. */
function giveByHand(discord: SandboxDiscord, arrivals: Arrivals, { side, turn, size }: Turn) {
  const { guild, index } = guildOf(side, turn);
  const place = index % size.holders;
  const discordUserId = guild.discordUserIds[place] ?? '';
  const role = (place + ROLES_EACH + Math.floor(index / size.holders)) % ROLES;
  const which = { guildId: guild.guildId, discordUserId, roleId: guild.roleIds[role] ?? '' };
  return arrivals.after({ method: 'DELETE', ...which }, () => discord.moderator.giveRole(which));
}

function leaveAll({ moderator }: SandboxDiscord, { guild }: SettledGuild, size: Size): void {
  for (const discordUserId of guild.discordUserIds.slice(size.holders))
    moderator.leave({ guildId: guild.guildId, discordUserId });
}

function joinAgain(discord: SandboxDiscord, arrivals: Arrivals, { side, turn, size }: Turn) {
  const { guild, index } = guildOf(side, turn);
  const place = size.holders + index;
  const which = { guildId: guild.guildId, discordUserId: guild.discordUserIds[place] ?? '' };
  const roleId = guild.roleIds[place % ROLES] ?? '';
  return arrivals.after({ method: 'PUT', ...which, roleId }, () => discord.moderator.join(which));
}

/** The guilds of a side take turns. */
function guildOf({ settled }: Side, turn: number) {
  const guild = settled[turn % settled.length]?.guild;
  if (guild === undefined) throw new Error('the side has no guild');
  return { guild, index: Math.floor(turn / settled.length) };
}

interface Measured {
  readonly what: string;
  readonly tookMs: readonly number[];
  readonly missing: number;
}

/** One change at a time, so that no side works while another is measured. */
async function inTurn(
  sides: readonly Side[],
  turns: number,
  change: (side: Side, turn: number) => Promise<number | null>,
): Promise<readonly Measured[]> {
  const took = sides.map((): (number | null)[] => []);
  for (const turn of numbers(turns)) {
    for (const [index, side] of sides.entries()) {
      took[index]?.push(await change(side, turn));
      await sleep(APART_MS);
    }
  }
  return sides.map(({ what }, index) => {
    const measured = (took[index] ?? []).slice(WARM_UP);
    const tookMs = measured.filter((ms) => ms !== null);
    return { what, tookMs, missing: measured.length - tookMs.length };
  });
}

interface Changes {
  readonly given: readonly Measured[];
  readonly joined: readonly Measured[];
}

function answerOf({ given, joined }: Changes): Answer {
  return {
    rows: [...rowsOf('role given by hand', given), ...rowsOf('rejoin', joined)],
    notes: [
      'From the change at the sandbox Discord to the arrival of the DELETE or PUT that puts it right, over a websocket and HTTP on loopback. One change at a time; the two services and the naive bot (bench/naive/live-main.ts) take turns.',
      `Each side has ${GUILDS_EACH} guilds with a bot each and a process of its own (the service compiled, with its path and sweeps); one sandbox without rate limits, PostgreSQL durable. The stored readings are a minute old, as in a process that has run for longer than that.`,
      ...aims('role given by hand', given),
      ...aims('rejoin', joined),
    ],
  };
}

function rowsOf(change: string, measured: readonly Measured[]): readonly Row[] {
  const naive = quantilesOf(measured, NAIVE);
  return measured.map(({ what, tookMs, missing }) => {
    const { p50, p99, max } = quantiles(tookMs);
    return {
      what: `${change}, ${what}`,
      'p50 ms': p50,
      'p99 ms': p99,
      'max ms': max,
      'p50, times the naive bot': rounded(p50 / naive.p50),
      'p99, times the naive bot': rounded(p99 / naive.p99),
      changes: tookMs.length,
      missing,
    };
  });
}

function aims(change: string, measured: readonly Measured[]): readonly string[] {
  return Object.entries(AIM_P99_MS).map(([what, aimMs]) => {
    const { p99 } = quantilesOf(measured, what);
    return verdict(`${change}: p99 under ${aimMs} ms with ${what}`, `${p99} ms`, p99 < aimMs);
  });
}

function quantilesOf(measured: readonly Measured[], what: string): Quantiles {
  return quantiles(measured.find((each) => each.what === what)?.tookMs ?? []);
}

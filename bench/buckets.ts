import {
  DEFAULT_LIMITS,
  createSandboxDiscord,
  scaleLimits,
  type SandboxDiscord,
  type SandboxWorld,
} from 'sandbox-discord';

import { silentLogger } from '../services/lib/logger.js';
import { PATH_TIMING, reconcilePath } from '../services/connector/path.js';
import { createDiscordRest } from '../services/discord/rest-api.js';
import { createInvalidBudget } from '../services/discord/limits/invalid-budget.js';
import { LANES } from '../services/model.js';
import type { Store } from '../services/store/store.js';
import { cause, membership, snapshotOf } from '../test/builders/store-world.js';
import { eventually } from '../test/support/eventually.js';
import { noOAuth } from '../test/support/no-oauth.js';
import { openTestStore } from '../test/support/store.js';
import { benchGuilds, sandboxWorldOf, type BenchGuild } from './support/bench-guilds.js';
import type { BenchWorld } from './support/bench-world.js';
import { verdict, type Answer, type Bench } from './support/bench.js';
import { quiet } from './support/call-costs.js';
import { openSql } from './support/open-sql.js';
import { rounded } from './support/quantiles.js';
import { SERVICE_KEYS } from './support/service.js';
import { mappedGroup, stockStore } from './support/stock-store.js';

export const buckets: Bench = {
  name: 'buckets',
  question: "how much of Discord's two write buckets is used in a storm?",
  answer,
};

/**
 * Windows as long as this, of what the sandbox Discord takes for real. `BENCH_REAL=1`: at real
 * speed, five minutes.
 */
const isReal = process.env['BENCH_REAL'] === '1';
const SCALE = isReal ? 1 : 0.1;
const WINDOW_MS = 10_000;
const CALLS_PER_WINDOW = 10;

async function answer(world: BenchWorld): Promise<Answer> {
  const members = world.isQuick ? 120 : 600;
  const guild = crowd(members + 1);
  const databaseUrl = await (await world.postgres()).createDatabase('buckets');
  const discord = createSandboxDiscord({
    world: withRole(guild),
    limits: scaleLimits(DEFAULT_LIMITS, SCALE),
  });
  const { apiBase } = await discord.start();
  await stockStore(databaseUrl, { guilds: [guild], apiBase });
  const store = await openTestStore(databaseUrl, {
    keys: SERVICE_KEYS,
    poolSize: 20,
  });
  try {
    await markForSweep(databaseUrl, store, { guild, members });
    return await measure(databaseUrl, store, { discord, guild, members });
  } finally {
    await store.stop();
    await discord.stop();
  }
}

interface Crowd {
  readonly guild: BenchGuild;
  /** Each of them loses a role; one more is given one meanwhile. */
  readonly members: number;
}

function crowd(membersEach: number): BenchGuild {
  const [guild] = benchGuilds({ guilds: 1, rolesEach: 2, membersEach });
  if (guild === undefined) throw new Error('there is no guild');
  return guild;
}

/** Everybody holds the first role. */
function withRole(guild: BenchGuild): SandboxWorld {
  const world = sandboxWorldOf([guild]);
  const everybody = new Set(guild.discordUserIds);
  const roleIds = guild.roleIds.slice(0, 1);
  const guilds = world.guilds.map((one) => ({
    ...one,
    members: one.members?.map((member) =>
      everybody.has(member.discordUserId) ? { ...member, roleIds } : member,
    ),
  }));
  return { ...world, guilds };
}

/** As a sweep finds them: known to be in no group, with the role all the same. */
async function markForSweep(
  databaseUrl: string,
  store: Store,
  { guild, members }: Crowd,
): Promise<void> {
  await store.applyFacts(
    guild.discordUserIds.map((id, index) =>
      // The last one keeps the role: where nobody is in any group, nothing is taken.
      snapshotOf(`user-${id}`, index < members ? [] : [mappedGroup(0)]),
    ),
  );
  const sql = await openSql(databaseUrl);
  await sql.query('delete from reconcile_job');
  const losing = guild.discordUserIds.slice(0, members);
  await sql.query('update member set role_ids = $1', [guild.roleIds.slice(0, 1)]);
  await sql.query(
    `insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes)
     select client_id, discord_user_id, $1, now(), $2::jsonb from link where discord_user_id = any($3)`,
    [LANES.sweep, JSON.stringify([cause]), losing],
  );
  await sql.end();
}

function startPath(store: Store) {
  const gateway = createDiscordRest({
    credentials: (clientId) => store.readCredentials(clientId),
    budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
    timeoutMs: PATH_TIMING.callMs,
    globalRequestsPerSecond: 50 / SCALE,
    offsetMs: 50 * SCALE,
    reserveMs: 4_000 * SCALE,
  });
  const path = reconcilePath(silentLogger, { store, gateway, oauth: noOAuth });
  return {
    start: () => path.start(),
    async stop() {
      await path.stop();
      await gateway.stop();
    },
  };
}

async function measure(
  databaseUrl: string,
  store: Store,
  { discord, guild, members }: Crowd & { readonly discord: SandboxDiscord },
): Promise<Answer> {
  const writes: { readonly method: string; readonly atMs: number }[] = [];
  discord.calls.onCall(({ method, status }) => {
    const isWrite = method !== 'GET' && status >= 200 && status < 300;
    if (isWrite) writes.push({ method, atMs: performance.now() });
  });
  const path = startPath(store);
  await path.start();
  const withinMs = 600_000 * SCALE;
  await eventually(() => writes.length >= members / 2, { withinMs });
  const urgentMs = await landing(store, discord, guild);
  const sql = await openSql(databaseUrl);
  await eventually(() => writes.length > members, { withinMs });
  await quiet(sql);
  await sql.end();
  await path.stop();

  const times = writes.map(({ atMs }) => atMs);
  const tookMs = Math.max(...times) - Math.min(...times);
  // What an interval of this length can hold at most: a bucket may be whole at its beginning.
  const each = (tookMs / (WINDOW_MS * SCALE)) * CALLS_PER_WINDOW + CALLS_PER_WINDOW;
  const edits = writes.filter(({ method }) => method === 'PATCH').length;
  const use = Math.round((writes.length / (2 * each)) * 1_000) / 10;
  const seconds = rounded(urgentMs / SCALE / 1_000);
  const refused = discord.calls.count({ status: 429 });
  return {
    rows: [
      {
        'one role each': members,
        'seconds, unscaled': Math.round(tookMs / SCALE / 1_000),
        'use of both, %': use,
        'single roles': writes.length - edits,
        lists: edits,
        reads: discord.calls.count({ method: 'GET' }),
        duplicates: writes.length - members - 1,
        '429s': refused,
        'fresh grant, s': seconds,
      },
    ],
    notes: [
      `The sandbox Discord's own limits, windows ${isReal ? 'as long as they are' : 'a tenth as long (BENCH_REAL=1: as long as they are, five minutes)'}; seconds are given as they would be unscaled.`,
      'All members are marked by a sweep, so each is read before it is written; the fresh grant is marked when half of them are done.',
      verdict('95 % of what both buckets allow', `${use} %`, use >= 95),
      verdict('a fresh grant within 5 s', `${seconds} s`, seconds <= 5),
    ],
  };
}

/** From the mark of a fresh grant until Discord shows the role. */
async function landing(store: Store, discord: SandboxDiscord, guild: BenchGuild): Promise<number> {
  const discordUserId = guild.discordUserIds.at(-1) ?? '';
  const roleId = guild.roleIds[1] ?? '';
  const markedAt = performance.now();
  await store.applyFacts([membership(`user-${discordUserId}`, mappedGroup(1))]);
  await eventually(
    () => discord.member(guild.guildId, discordUserId)?.roleIds.includes(roleId) === true,
    { withinMs: 60_000 },
  );
  return performance.now() - markedAt;
}

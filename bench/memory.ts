import type pg from 'pg';
import { createSandboxDiscord } from 'sandbox-discord';

import { eventually } from '../test/support/eventually.js';
import { benchGuilds, numbers, sandboxWorldOf } from './support/bench-guilds.js';
import { verdict, type Answer, type Bench, type Row } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { createPlatformTopic, type PlatformTopic } from './support/platform-topic.js';
import { startService } from './support/service.js';
import { stockStore } from './support/stock-store.js';
import { openSql } from './support/open-sql.js';

export const memory: Bench = {
  name: 'memory',
  question: 'how much memory does a process hold, and does it grow?',
  answer,
};

const CASES = [
  { parts: 'events,reconcile', aimMiB: 200 },
  { parts: 'api,events,sweeps,reconcile', aimMiB: 320 },
] as const;
const AIM_GROWTH = 0.1;

interface Size {
  /** Before the first figure that growth is measured from: caches fill and code is compiled. */
  readonly warmUp: number;
  readonly events: number;
  readonly memberships: number;
}

async function answer(world: BenchWorld): Promise<Answer> {
  const size = world.isQuick
    ? { warmUp: 2_000, events: 10_000, memberships: 100_000 }
    : { warmUp: 10_000, events: 100_000, memberships: 1_000_000 };
  const guilds = benchGuilds({ guilds: 4, rolesEach: 5, membersEach: 250 });
  const discord = createSandboxDiscord({
    world: sandboxWorldOf(guilds),
    limits: null,
  });
  const { apiBase } = await discord.start();
  const postgres = await world.postgres();
  await stockStore(await postgres.createDatabase(EMPTY), { guilds, apiBase });
  await storeMemberships(await postgres.createDatabase(STOCKED, EMPTY), size.memberships);
  const people = guilds.flatMap((guild) => guild.discordUserIds);
  const rows: Row[] = [];
  const verdicts: string[] = [];
  for (const { parts, aimMiB } of CASES) {
    const run = { parts, size, people };
    const empty = await measure(world, { ...run, template: EMPTY });
    const stocked = await measure(world, { ...run, template: STOCKED });
    const all = { ...empty, 'warm, rows stored': stocked.warm };
    rows.push({ PARTS: parts, ...all });
    verdicts.push(...verdictsOf(parts, aimMiB, all));
  }
  await discord.stop();
  const inWords = (count: number) => count.toLocaleString('en-GB');
  return {
    rows,
    notes: [
      'Resident set in MiB, after a collection of garbage; the compiled service in a process of its own, NODE_ENV production, started with the flags of npm start.',
      `Warm: after ${inWords(size.warmUp)} membership events. After events: ${inWords(size.events)} more, of which every hundredth is about a linked member and a mapped group.`,
      `Rows stored: another process, warmed the same way on a database that holds ${inWords(size.memberships)} memberships of 50,000 users.`,
      ...verdicts,
    ],
  };
}

function verdictsOf(
  parts: string,
  aimMiB: number,
  seen: { readonly warm: number; readonly after: number } & Record<string, number>,
): readonly string[] {
  const most = Math.max(...Object.values(seen));
  const grown = seen.after / seen.warm - 1;
  const byRows = (seen['warm, rows stored'] ?? 0) / seen.warm - 1;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return [
    verdict(`at most ${aimMiB} MiB (${parts})`, `${most} MiB`, most <= aimMiB),
    verdict(
      'growth under 10 %',
      `${percent(grown)} by events, ${percent(byRows)} by stored rows, both from warm`,
      Math.max(grown, byRows) < AIM_GROWTH,
    ),
  ];
}

/** Databases that the service's own are copies of. */
const EMPTY = 'memory_empty';
const STOCKED = 'memory_stocked';

interface Case {
  readonly parts: string;
  readonly size: Size;
  /** Linked members. */
  readonly people: readonly string[];
  /** On the stocked one only the warm figure is taken. */
  readonly template: typeof EMPTY | typeof STOCKED;
}

async function measure(world: BenchWorld, run: Case) {
  const { parts, size, people, template } = run;
  const { brokers } = await world.kafka();
  const postgres = await world.postgres();
  const databaseUrl = await postgres.createDatabase('memory', template);
  const topic = await createPlatformTopic(brokers, 4);
  const sql = await openSql(databaseUrl);
  const service = await startService({
    main: await world.service(),
    databaseUrl,
    brokers,
    topic,
    parts,
    windowMs: 250,
  });
  const residentMiB = async () => {
    await settle();
    return Math.round((await service.residentBytes()) / 2 ** 20);
  };
  const feed = createFeed({ topic, sql, people });
  try {
    const atRest = await residentMiB();
    await feed(size.warmUp);
    const warm = await residentMiB();
    if (template === STOCKED) return { 'at rest': atRest, warm, after: warm };
    await feed(size.events);
    return { 'at rest': atRest, warm, after: await residentMiB() };
  } finally {
    await service.stop();
    await sql.end();
    await topic.close();
  }
}

/** Sends events, each of them news, and waits until all are folded and every job is settled. */
function createFeed(options: {
  readonly topic: PlatformTopic;
  readonly sql: pg.Client;
  /** Linked members; the others of whom events speak are not. */
  readonly people: readonly string[];
}) {
  const { topic, sql, people } = options;
  let sent = 0;
  const eventOf = (index: number) => {
    const isLinked = index % 100 === 0;
    const someone = people[(index / 100) % people.length];
    return {
      platformUserId: isLinked ? `user-${someone}` : `person-${index % 50_000}`,
      groupId: isLinked ? `mapped-${index % 5}` : `plain-${index % 20}`,
      change: 'added',
      sequence: index + 1,
    } as const;
  };
  return async (count: number): Promise<void> => {
    for (const start of numbers(Math.ceil(count / 1_000))) {
      const size = Math.min(1_000, count - start * 1_000);
      await topic.send(numbers(size).map((index) => eventOf(sent + index)));
      sent += size;
    }
    await eventually(() => isIdle(sql, sent), {
      withinMs: 120_000,
      what: 'every event is folded',
    });
  };
}

/** The last event of each partition is folded last, and no job waits. */
async function isIdle(sql: pg.Client, sent: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { rows } = await sql.query<{ folded: number; waiting: number }>(
    `select (select count(*)::int from membership where sequence > $1) as folded,
       (select count(*)::int from reconcile_job where not is_parked) as waiting`,
    [sent - 1_000],
  );
  return rows[0]?.folded === 1_000 && rows[0].waiting === 0;
}

/** What a process lets go of at once is not what it holds. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

/** In bulk, as a long time of events would have left them. */
async function storeMemberships(databaseUrl: string, count: number): Promise<void> {
  const sql = await openSql(databaseUrl);
  await sql.query(
    `insert into platform_user (id) select 'person-' || n from generate_series(0, 49999) n on conflict do nothing`,
  );
  await sql.query(
    `insert into platform_group (id) select 'stored-' || n from generate_series(0, 99) n on conflict do nothing`,
  );
  // Every row names a user and a group made above: checking each again would take longer than all
  // the rest.
  await sql.query(`set session_replication_role = replica`);
  await sql.query(
    `insert into membership (platform_user_id, group_id, is_held, sequence, time_us, is_snapshot)
     select 'person-' || n % 50000, 'stored-' || n / 50000, true, 1, 1, false from generate_series(0, $1::int - 1) n`,
    [count],
  );
  await sql.query('vacuum analyze');
  await sql.end();
}

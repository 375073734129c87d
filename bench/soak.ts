import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';
import { createSandboxDiscord } from 'sandbox-discord';

import { eventually } from '../test/support/eventually.js';
import { approveHeld } from './support/approve-held.js';
import { benchGuilds, sandboxWorldOf } from './support/bench-guilds.js';
import type { BenchWorld } from './support/bench-world.js';
import { verdict, type Answer, type Bench, type Row } from './support/bench.js';
import { openSql } from './support/open-sql.js';
import { createPlatformTopic } from './support/platform-topic.js';
import { createSoakLoad, type SoakLoad } from './support/soak-load.js';
import { startSoakService, type Held, type SoakService } from './support/soak-service.js';
import { stockStore } from './support/stock-store.js';

export const soak: Bench = {
  name: 'soak',
  question: 'does the service hold more and more, the longer it runs?',
  answer,
};

const MINUTES = 60;
/** Caches fill and code is compiled. */
const WARM_MINUTES = 10;
const AIM_GROWTH = 0.1;
/** Two requests or two runs at the moment of looking. */
const AIM_MORE = 10;

interface Sample extends Held {
  readonly minute: number;
  readonly connections: number;
  readonly waiting: number;
}

async function answer(world: BenchWorld): Promise<Answer> {
  const minutes = world.isQuick ? 3 : MINUTES;
  const warm = world.isQuick ? 1 : WARM_MINUTES;
  const guilds = benchGuilds({ guilds: 4, rolesEach: 5, membersEach: 250 });
  const discord = createSandboxDiscord({ world: sandboxWorldOf(guilds) });
  const { apiBase } = await discord.start();
  const databaseUrl = await (await world.postgres()).createDatabase('soak');
  const members = await stockStore(databaseUrl, { guilds, apiBase });
  const { brokers } = await world.kafka();
  const topic = await createPlatformTopic(brokers, 4);
  const sql = await openSql(databaseUrl);
  const service = await startSoakService({
    main: await world.service(),
    databaseUrl,
    brokers,
    topic: topic.name,
  });
  const load = createSoakLoad({ service, topic, discord, members });
  try {
    const samples = await watch({ service, sql, load, minutes });
    await load.stop();
    const clientIds = new Set(members.map(({ clientId }) => clientId));
    const looksAgain = async () => {
      await sleep(1_000);
      await approveHeld(service, clientIds);
      return load.isInStep();
    };
    const isRight = await eventually(looksAgain, {
      withinMs: 300_000,
      what: 'every role is right in the end',
    }).then(
      () => true,
      () => false,
    );
    return answerOf(samples, { warm, load, isRight });
  } finally {
    await load.stop();
    await service.stop();
    await sql.end();
    await topic.close();
    await discord.stop();
  }
}

async function watch({
  service,
  sql,
  load,
  minutes,
}: {
  readonly service: SoakService;
  readonly sql: pg.Client;
  readonly load: SoakLoad;
  readonly minutes: number;
}): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  load.start();
  for (let minute = 1; minute <= minutes; minute += 1) {
    await sleep(60_000);
    const held = await service.held();
    samples.push({ minute, ...held, ...(await askDatabase(sql)) });
    console.error(JSON.stringify(samples.at(-1)));
  }
  return samples;
}

async function askDatabase(sql: pg.Client) {
  const { rows } = await sql.query<{ connections: number; waiting: number }>(
    `select (select count(*)::int from pg_stat_activity where datname = current_database()) as connections,
       (select count(*)::int from reconcile_job where not is_parked) as waiting`,
  );
  return rows[0] ?? { connections: 0, waiting: 0 };
}

function answerOf(
  samples: readonly Sample[],
  seen: {
    readonly warm: number;
    readonly load: SoakLoad;
    readonly isRight: boolean;
  },
): Answer {
  const { warm, load, isRight } = seen;
  const settled = samples.filter(({ minute }) => minute >= warm);
  const thirds = Math.max(1, Math.floor(settled.length / 3));
  const begin = settled.slice(0, thirds);
  const end = settled.slice(-thirds);
  const grown = (of: (sample: Sample) => number) => median(end, of) / median(begin, of) - 1;
  const more = (of: (sample: Sample) => number) => median(end, of) - median(begin, of);
  const percent = (share: number) => `${Math.round(share * 1_000) / 10} %`;
  const memory = Math.max(
    grown(({ rss }) => rss),
    grown(({ heapUsed }) => heapUsed),
  );
  const counts = Math.max(
    more(({ handles }) => handles),
    more(({ files }) => files),
    more(({ connections }) => connections),
  );
  const { asked, faults } = load.counts();
  return {
    rows: shown(samples).map(rowOf),
    notes: [
      `${samples.length} minutes of mixed load on one process with all parts (NODE_ENV production, the flags of npm start), after a collection of garbage each. Discord with its own limits.`,
      load.inWords(),
      `Growth: the median of the last third beside that of the first, from minute ${warm} on.`,
      verdict(
        'memory grows by less than 10 %',
        `resident ${percent(grown(({ rss }) => rss))}, heap ${percent(grown(({ heapUsed }) => heapUsed))}`,
        memory < AIM_GROWTH,
      ),
      verdict(`handles, files and connections stay within ${AIM_MORE}`, counts, counts <= AIM_MORE),
      verdict('no request fails', `${faults} of ${asked}`, faults === 0),
      verdict(
        'every role is right in the end, what the guard held being approved',
        String(isRight),
        isRight,
      ),
    ],
  };
}

/** Ten of them, evenly. */
function shown(samples: readonly Sample[]): readonly Sample[] {
  const every = Math.max(1, Math.round(samples.length / 10));
  return samples.filter(({ minute }) => minute === 1 || minute % every === 0);
}

function rowOf(sample: Sample): Row {
  const toMiB = (bytes: number) => Math.round(bytes / 2 ** 20);
  return {
    minute: sample.minute,
    'resident, MiB': toMiB(sample.rss),
    'heap, MiB': toMiB(sample.heapUsed),
    handles: sample.handles,
    files: sample.files,
    connections: sample.connections,
    'jobs waiting': sample.waiting,
  };
}

function median(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const sorted = samples.map(of).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

import { setTimeout as sleep } from 'node:timers/promises';

import { createSandboxDiscord } from 'sandbox-discord';

import { eventually } from '../test/support/eventually.js';
import { benchGuilds, sandboxWorldOf } from './support/bench-guilds.js';
import { verdict, type Answer, type Bench } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { measureBroker } from './support/broker-floor.js';
import { addHolders } from './support/holders.js';
import { createLoad, EVENTS_PER_SECOND, type Load } from './support/load.js';
import { measureCommits } from './support/machine.js';
import { APART_MS, measureLone } from './support/lone-changes.js';
import { createPlatformTopic } from './support/platform-topic.js';
import { quantiles, rounded, type Quantiles } from './support/quantiles.js';
import { startService } from './support/service.js';
import { stockStore } from './support/stock-store.js';

export const latency: Bench = {
  name: 'latency',
  question: 'how long from an event to the call that changes a role?',
  answer,
};

const AIM_P99_MS = 100;
/** p50 of a lone change, as a multiple of the naive bot's. */
const AIM_LONE = 3;
const DEFAULT_WINDOW_MS = 250;
const PARTITIONS = 4;

async function answer(world: BenchWorld): Promise<Answer> {
  const seconds = world.isQuick ? 10 : 60;
  const kafka = await world.kafka();
  const postgres = await world.postgres();
  const floorSeconds = world.isQuick ? 2 : 6;
  const broker = await measureBroker(kafka.brokers, {
    partitions: PARTITIONS,
    seconds: floorSeconds,
    perSecond: EVENTS_PER_SECOND,
  });
  const commit = await measureCommits(
    await postgres.createDatabase('latency_floor'),
    world.isQuick ? 300 : 1_000,
  );
  const atOnce = await measure(world, { windowMs: 0, seconds });
  const windowed = await measure(world, {
    windowMs: DEFAULT_WINDOW_MS,
    seconds,
  });
  const lone = await measureLone(world, { seconds, windowMs: DEFAULT_WINDOW_MS });
  const p99 = atOnce.quantiles.p99;
  const ratio = (quantile: 'p50' | 'p99') => rounded(lone.service[quantile] / lone.naive[quantile]);
  return {
    rows: [
      row('floor: broker to a bare consumer', broker),
      row('floor: one durable commit', commit),
      { ...row('window 0', atOnce.quantiles), ...atOnce.counts },
      { ...row('window 250 ms', windowed.quantiles), ...windowed.counts },
      row('added by the window', added(atOnce.quantiles, windowed.quantiles)),
      {
        ...row('a lone change, window 250 ms', lone.service),
        changes: lone.changes,
        missing: lone.missing,
      },
      row('a lone change, the naive bot', lone.naive),
    ],
    notes: [
      'From the start of an acknowledged send to the arrival of the PUT or DELETE at the sandbox Discord, over HTTP on loopback.',
      `${EVENTS_PER_SECOND} events/s for ${seconds} s at random moments, 20/s of them change a role: half PUT, half DELETE. 4 guilds, 4 bots, 400 linked members,`,
      `${PARTITIONS} partitions; consumer and path in one process of their own, compiled, log level info; Discord's buckets lifted, PostgreSQL durable.`,
      'A change passes three commits before its call: the fact with its mark, the claim, the audit record.',
      verdict(`p99 under ${AIM_P99_MS} ms with window 0`, `${p99} ms`, p99 < AIM_P99_MS),
      `A lone change: the same changes go to the service and to the naive bot (bench/naive) in turn, ${APART_MS} ms apart. Each runs in its own process, otherwise idle.`,
      verdict(
        `p50 of a lone change within ${AIM_LONE} times the naive bot's`,
        `${ratio('p50')} times, p99 ${ratio('p99')} times`,
        ratio('p50') <= AIM_LONE,
      ),
    ],
  };
}

function row(what: string, { p50, p99, max }: Quantiles) {
  return { what, 'p50 ms': p50, 'p99 ms': p99, 'max ms': max };
}

function added(from: Quantiles, to: Quantiles): Quantiles {
  return {
    p50: rounded(to.p50 - from.p50),
    p99: rounded(to.p99 - from.p99),
    max: rounded(to.max - from.max),
  };
}

async function measure(
  world: BenchWorld,
  run: { readonly windowMs: number; readonly seconds: number },
) {
  const kafka = await world.kafka();
  const databaseUrl = await (await world.postgres()).createDatabase(`latency_${run.windowMs}`);
  const guilds = benchGuilds({ guilds: 4, rolesEach: 5, membersEach: 100 });
  const discord = createSandboxDiscord({
    world: sandboxWorldOf(guilds),
    limits: null,
  });
  const { apiBase } = await discord.start();
  const members = await stockStore(databaseUrl, { guilds, apiBase });
  await addHolders(databaseUrl);
  const topic = await createPlatformTopic(kafka.brokers, PARTITIONS);
  const service = await startService({
    main: await world.service(),
    databaseUrl,
    brokers: kafka.brokers,
    topic,
    parts: 'events,reconcile',
    windowMs: run.windowMs,
  });
  try {
    const load = createLoad({ members, topic });
    discord.calls.onCall((call) => load.arrived(call));
    await load.run(world.isQuick ? 1 : 5);
    await settled(load);
    load.forget();
    await load.run(run.seconds);
    await settled(load);
    const { tookMs, missing, strays } = load.result();
    return {
      quantiles: quantiles(tookMs),
      counts: { changes: tookMs.length, missing, strays },
    };
  } finally {
    await service.stop();
    await topic.close();
    await discord.stop();
  }
}

/**
 * Waits until every change has arrived; a change that has not after ten seconds is reported as
 * missing.
 */
async function settled(load: Load): Promise<void> {
  const isDone = () => load.result().missing === 0;
  await eventually(isDone, { withinMs: 10_000 }).catch(() => undefined);
  await sleep(300);
}

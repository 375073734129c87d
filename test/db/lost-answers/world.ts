import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';
import { expect } from 'vitest';

import { sweepParts } from '../../../services/connector/timed.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { createOutboxRelay } from '../../../services/events/out/outbox-relay.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { UnavailableError } from '../../../services/lib/errors.js';
import { cause } from '../../builders/store-world.js';
import { createAnswerCutter, type AnswerCutter } from '../../support/answer-cutter.js';
import { patienceMs } from '../../support/eventually.js';
import { mapDemoGroups, startRig, type Rig } from '../../support/rig.js';
import { createMigratedDatabase } from '../../support/store.js';

/** How long after the end of a fault everything must be correct: ten seconds on an idle machine. */
export const withinMs = () => patienceMs() / 6;

/**
 * The waits of production, ten times shorter on an idle machine: the call timeout, the lease, the
 * database's silence limit, the first retry.
 */
export function shortTiming() {
  const callMs = patienceMs() / 200;
  return {
    path: {
      callMs,
      leaseMs: 3 * callMs,
      pollMs: 100,
      retry: { baseMs: 100, maxMs: 1_000 },
    },
    heartbeat: { everyMs: callMs, withinMs: 2 * callMs },
    /** Longer than a lease and than the database's silence limit. */
    pauseMs: 4 * callMs,
  };
}

/**
 * The path, the sweeps and the outbox relay, with a connection to PostgreSQL that can lose answers.
 */
export interface LossyWorld {
  readonly rig: Rig;
  readonly cutter: AnswerCutter;
  /** The events sent to the broker, by event id. */
  readonly sent: ReadonlyMap<string, unknown>;
  query(text: string): Promise<readonly object[]>;
  /** A person in the guild whom the store does not know yet. */
  newcomer(): Newcomer;
  stop(): Promise<void>;
}

export interface Newcomer {
  readonly platformUserId: string;
  readonly discordUserId: string;
}

export async function createLossyWorld(): Promise<LossyWorld> {
  const { path, heartbeat } = shortTiming();
  const database = await createMigratedDatabase();
  const cutter = await createAnswerCutter(database.url);
  const rig = await startRig(database.url, {
    store: {
      url: cutter.url,
      heartbeat,
      leaseMs: path.leaseMs,
      poolSize: 10,
    },
    timing: path,
  });
  const { store, discord, clientId } = rig;
  await mapDemoGroups(rig);
  await store.clients.updateClient(
    clientId,
    { removalGuard: { minimum: 1_000, percent: 100 } },
    cause,
  );
  const sent = new Map<string, unknown>();
  const relay = createOutboxRelay({
    outbox: store.outbox,
    produce: async (_topic, messages) => {
      for (const { value } of messages) {
        const event = JSON.parse(String(value));
        sent.set(event.id, event);
      }
    },
    source: 'discord-connector',
    topic: 'discord',
    logger: silentLogger,
    random: Math.random,
    timing: { pollMs: 200, baseMs: 50, maxMs: 500 },
  });
  await relay.start();
  const sweeps = sweepParts(silentLogger, { store, gateway: rig.gateway });
  for (const part of sweeps) await part.start();
  const direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  // Enough other holders of the roles to keep the removal guard out of these tests.
  await direct.query(
    `insert into member (client_id, discord_user_id, read_at, role_ids)
     select $1, n::text, now(), $2 from generate_series(1, 1000) n`,
    [clientId, Object.values(DEMO.roles)],
  );
  let people = 0;
  return {
    rig,
    cutter,
    sent,
    query: async (text) => (await direct.query<object>(text)).rows,
    newcomer() {
      people += 1;
      const discordUserId = String(520000000000000000n + BigInt(people));
      const username = `person-${people}`;
      discord.moderator.addUser({ discordUserId, username });
      discord.moderator.join({ guildId: DEMO.guildId, discordUserId });
      return { platformUserId: username, discordUserId };
    },
    async stop() {
      await Promise.all([relay, ...sweeps].map((part) => part.stop()));
      await rig.stop();
      await direct.end();
      await cutter.stop();
      await database.drop();
    },
  };
}

/** Repeats calls that got no answer, as every caller and every consumer does. */
export async function insist<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  const until = performance.now() + withinMs();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnavailableError) || performance.now() > until) throw error;
      await sleep(50);
    }
  }
}

/**
 * Expects that no work is left: no job waits or is claimed, no record is open, and every event was
 * sent.
 */
export async function allIsDone(world: LossyWorld): Promise<void> {
  const query = (text: string) => world.query(text);
  const left = async () => ({
    jobs: await query('select discord_user_id, claimed_by, attempts, due_at from reconcile_job'),
    records: await query('select discord_user_id from audit_record where closed_at is null'),
    members: await query(
      "select discord_user_id, state, reason from member where state <> 'IN_STEP'",
    ),
    events: await query('select type from outbox'),
  });
  let last = await left();
  const isDone = () => Object.values(last).every((rows) => rows.length === 0);
  const until = performance.now() + withinMs();
  while (!isDone() && performance.now() < until) {
    await sleep(20);
    last = await left();
  }
  expect(last).toEqual({ jobs: [], records: [], members: [], events: [] });
}

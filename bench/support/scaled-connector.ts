import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';
import {
  DEFAULT_LIMITS,
  createSandboxDiscord,
  scaleLimits,
  type SandboxCall,
  type SandboxDiscord,
} from 'sandbox-discord';

import { PATH_TIMING, reconcilePath } from '../../services/connector/path.js';
import { sweepParts } from '../../services/connector/timed.js';
import { createDiscordRest } from '../../services/discord/rest-api.js';
import { createInvalidBudget } from '../../services/discord/limits/invalid-budget.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { SweepKind } from '../../services/model.js';
import type { Store } from '../../services/store/store.js';
import { cause } from '../../test/builders/store-world.js';
import { eventually } from '../../test/support/eventually.js';
import { noOAuth } from '../../test/support/no-oauth.js';
import { openTestStore } from '../../test/support/store.js';
import { openSql } from './open-sql.js';
import type { ScaledTime } from './scaled-time.js';
import { SERVICE_KEYS } from './service.js';
import { settledWorld, settleStore, type SettledGuild } from './settled-guild.js';
import { stockStore } from './stock-store.js';

/**
 * The path and the sweeps on a settled guild, against the sandbox Discord with its limits, in
 * scaled time.
 */
export interface ScaledConnector {
  readonly store: Store;
  readonly discord: SandboxDiscord;
  readonly sql: pg.Client;
  /** Of the first guild. */
  readonly clientId: string;
  readonly clientIds: readonly string[];
  /**
   * From its beginning until nothing is left to be done, at a moment when Discord's buckets were
   * full.
   */
  watch(work: () => Promise<unknown>): Promise<Watched>;
  /** Resolves when the sweep has ended, or waits for a person. */
  sweep(kind: SweepKind): Promise<string>;
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

type ClientPatch = Parameters<Store['clients']['updateClient']>[1];

export interface Watched {
  /** Until the last change at Discord, or, where there was none, until the last call. */
  readonly tookMs: number;
  /** Milliseconds since 1970, as in the calls. */
  readonly startedAt: number;
  readonly calls: readonly SandboxCall[];
}

export async function startScaled(
  databaseUrl: string,
  settled: readonly SettledGuild[],
  time: ScaledTime,
  settings: ClientPatch = {},
): Promise<ScaledConnector> {
  const discord = createSandboxDiscord({
    world: settledWorld(settled),
    limits: scaleLimits(DEFAULT_LIMITS, time.factor),
  });
  const { apiBase } = await discord.start();
  const guilds = settled.map(({ guild }) => guild);
  const members = await stockStore(databaseUrl, { guilds, apiBase });
  const clientIds = [...new Set(members.map(({ clientId }) => clientId))];
  const [clientId = ''] = clientIds;
  await settleStore(databaseUrl, settled);
  const store = await openTestStore(databaseUrl, {
    keys: SERVICE_KEYS,
    poolSize: 20,
  });
  const sql = await openSql(databaseUrl);
  const removalGuard = { minimum: 10, percent: 20 };
  for (const id of clientIds)
    await store.clients.updateClient(id, { removalGuard, ...settings }, cause);
  await sql.query('delete from reconcile_job');
  const stopParts = await startParts(store, time);
  const quiet = () => nothingWaits(sql, time);
  return {
    store,
    discord,
    sql,
    clientId,
    clientIds,
    quiet,
    async watch(work) {
      await sleep(time.windowMs);
      return watch(discord, async () => {
        await work();
        await quiet();
      });
    },
    sweep: async (kind) => sweepToEnd(store, clientId, kind),
    async stop() {
      await stopParts();
      await sql.end();
      await store.stop();
      await discord.stop();
    },
  };
}

async function startParts(store: Store, { factor }: ScaledTime): Promise<() => Promise<void>> {
  const gateway = createDiscordRest({
    credentials: (clientId) => store.readCredentials(clientId),
    budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
    timeoutMs: PATH_TIMING.callMs,
    globalRequestsPerSecond: 50 / factor,
    offsetMs: 50 * factor,
    reserveMs: 4_000 * factor,
  });
  const path = reconcilePath(silentLogger, { store, gateway, oauth: noOAuth });
  // What is due by the clock would come in between.
  const [runner] = sweepParts(silentLogger, { store, gateway });
  await path.start();
  await runner?.start();
  return async () => {
    await runner?.stop();
    await path.stop();
    await gateway.stop();
  };
}

/** Records the calls during the work. */
export async function watch(
  discord: SandboxDiscord,
  work: () => Promise<unknown>,
): Promise<Watched> {
  const calls: SandboxCall[] = [];
  let lastAt: number | undefined;
  let wroteAt: number | undefined;
  const unwatch = discord.calls.onCall((call) => {
    calls.push(call);
    lastAt = performance.now();
    if (call.method !== 'GET') wroteAt = lastAt;
  });
  const startedAt = Date.now();
  const startedMs = performance.now();
  try {
    await work();
  } finally {
    unwatch();
  }
  return { tookMs: (wroteAt ?? lastAt ?? startedMs) - startedMs, startedAt, calls };
}

/** Runs one sweep. Throws if it fails or is held. */
export async function sweepToEnd(store: Store, clientId: string, kind: SweepKind): Promise<string> {
  const { id } = await store.sweeps.startSweep({
    clientId,
    kind,
    dryRun: false,
    enforceStrategy: null,
    cause,
  });
  await eventually(
    async () => {
      const [found] = await store.sweeps.findSweeps([id]);
      if (found?.state === 'FAILED' || found?.state === 'HELD')
        throw new Error(`the sweep ended ${found.state}: ${found.reason}`);
      return found?.state === 'DONE';
    },
    { withinMs: 600_000, what: `${kind} has ended` },
  );
  return id;
}

async function nothingWaits(sql: pg.Client, { factor }: ScaledTime): Promise<void> {
  const left = async () => {
    const { rows } = await sql.query<{ left: number }>(
      'select count(*)::int as left from reconcile_job where not is_parked',
    );
    return rows[0]?.left === 0;
  };
  const withinMs = 1_800_000 * factor + 30_000;
  await eventually(left, { withinMs, what: 'every job is settled' });
}

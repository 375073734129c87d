import pg from 'pg';
import {
  createSandboxDiscord,
  type SandboxDiscord,
  type SandboxDiscordOptions,
} from 'sandbox-discord';

import type { Part } from '../../services/lib/lifecycle.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { MemberKey } from '../../services/model.js';
import { createDiscordRest, type DiscordRest } from '../../services/discord/rest-api.js';
import { createInvalidBudget } from '../../services/discord/limits/invalid-budget.js';
import { createImportRoles } from '../../services/connector/api-ports.js';
import { createKeepPauses } from '../../services/connector/discord.js';
import { createCheckClient } from '../../services/connector/check-client.js';
import { liveOf } from '../../services/connector/live.js';
import { PATH_TIMING, reconcilePath, type PathTiming } from '../../services/connector/path.js';
import { sweepParts } from '../../services/connector/timed.js';
import { DEMO, demoWorld } from '../../services/demo/demo-world.js';
import type { StoreOptions, Store } from '../../services/store/store.js';
import { cause, clientInput, mapGroup } from '../builders/store-world.js';
import { eventually } from './eventually.js';
import { withFaultPoints, type FaultPoint } from './fault-points.js';
import { startLyingDiscord, type LyingDiscord } from './lying-discord.js';
import { must } from './must.js';
import { openTestStore } from './store.js';
import { noOAuth } from './no-oauth.js';

export const SECRETS = {
  botToken: 'sandbox.bot-token',
  clientSecret: 'sandbox-client-secret',
};

/**
 * The path on real parts: a store, a sandbox Discord with the demo guild, the gateway and a worker
 * between them.
 */
export interface Rig {
  readonly store: Store;
  readonly discord: SandboxDiscord;
  readonly clientId: string;
  readonly gateway: DiscordRest;
  /** Throws unless the rig was started with `mayLie`. */
  readonly liar: () => LyingDiscord;
  /** Role ids the member has at the sandbox, foreign ones too; undefined: not in the guild. */
  rolesOf(name: keyof typeof DEMO.accounts): readonly string[] | undefined;
  /** Nothing waits and nothing runs; parked jobs do not count. */
  readonly quiet: () => Promise<void>;
  /** What `importDiscordRoles` does. */
  readonly importRoles: (clientId?: string) => Promise<void>;
  /**
   * What is done when the path comes by one of `memory`'s calls, each time until it is replaced.
   */
  readonly at: (point: FaultPoint, act: () => Promise<unknown>) => void;
  /** Calls that could change something. */
  readonly writes: () => number;
  /** Stops the worker and starts another. */
  readonly restart: () => Promise<void>;
  /** As a new process: nothing is left of what Discord has asked for. */
  readonly restartAll: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startRig(
  databaseUrl: string,
  options: {
    readonly discord?: Partial<SandboxDiscordOptions>;
    readonly store?: Partial<StoreOptions>;
    readonly timing?: Partial<PathTiming>;
    readonly windowMs?: number;
    /** Answers go through `liar`, which may falsify them. */
    readonly mayLie?: boolean;
    /** Also starts the gateway session, and the sweeps that close its gaps. */
    readonly isLive?: boolean;
  } = {},
): Promise<Rig> {
  const discord = createSandboxDiscord({
    world: demoWorld(SECRETS),
    limits: null,
    ...options.discord,
  });
  const { apiBase: truth } = await discord.start();
  const liar = options.mayLie === true ? await startLyingDiscord(truth) : null;
  const apiBase = liar?.apiBase ?? truth;
  const store = await openTestStore(databaseUrl, options.store);
  const openGateway = () =>
    createDiscordRest({
      credentials: (clientId) => store.readCredentials(clientId),
      budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
      logger: silentLogger,
      clock: Date.now,
      random: Math.random,
      userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
      timeoutMs: options.timing?.callMs ?? PATH_TIMING.callMs,
      globalRequestsPerSecond: 10_000,
    });
  const keepPauses = async () => {
    const part = createKeepPauses({ gateway, store, logger: silentLogger });
    await part.start();
    return part;
  };
  let gateway = openGateway();
  let pauses = await keepPauses();
  const client = await store.clients.createClient(
    clientInput({
      guildId: DEMO.guildId,
      applicationId: DEMO.applicationId,
      ...SECRETS,
      endpoints: { ...clientInput().endpoints, apiBase },
    }),
  );
  const importRoles = async (clientId: string) => createImportRoles({ store, gateway })(clientId);
  await importRoles(client.id);
  discord.calls.reset();
  const timing = { ...PATH_TIMING, ...options.timing };
  const jobs = new pg.Client({ connectionString: databaseUrl });
  await jobs.connect();
  const acts = new Map<FaultPoint, () => Promise<unknown>>();
  const memory = withFaultPoints(
    'memory',
    store.memory,
    async (point) => void (await acts.get(point)?.()),
  );
  const startPath = async () => {
    const next = reconcilePath(
      silentLogger,
      { store: { ...store, memory }, gateway, oauth: noOAuth, windowMs: options.windowMs ?? 0 },
      timing,
    );
    await next.start();
    return next;
  };
  let path = await startPath();
  const live =
    options.isLive === true
      ? liveParts({ store, gateway, isInWork: (member) => path.isInWork(member) })
      : [];
  for (const part of live) await part.start();
  return {
    store,
    discord,
    get gateway() {
      return gateway;
    },
    clientId: client.id,
    liar: () => must(liar),
    importRoles: async (clientId = client.id) => void (await importRoles(clientId)),
    rolesOf: (name) => discord.member(DEMO.guildId, DEMO.accounts[name])?.roleIds,
    quiet: () =>
      eventually(
        async () => {
          const { rowCount } = await jobs.query(
            'select from reconcile_job where client_id = $1 and not is_parked',
            [client.id],
          );
          return rowCount === 0;
        },
        { what: 'nothing waits for the path' },
      ),
    at: (point, act) => void acts.set(point, act),
    writes: () =>
      Object.entries(discord.calls.counts()).reduce(
        (sum, [call, count]) => (call.startsWith('GET') ? sum : sum + count),
        0,
      ),
    async restart() {
      await path.stop();
      path = await startPath();
    },
    async restartAll() {
      await path.stop();
      await gateway.stop();
      await pauses.stop();
      gateway = openGateway();
      pauses = await keepPauses();
      path = await startPath();
    },
    async stop() {
      for (const part of live) await part.stop();
      await path.stop();
      await gateway.stop();
      await pauses.stop();
      await store.stop();
      await jobs.end();
      await liar?.stop();
      await discord.stop();
    },
  };
}

function liveParts(deps: {
  readonly store: Store;
  readonly gateway: DiscordRest;
  readonly isInWork: (member: MemberKey) => boolean;
}): readonly Part[] {
  const { store, gateway } = deps;
  const live = liveOf(silentLogger, {
    ...deps,
    checkClient: createCheckClient({ store, gateway }, () => null),
    telemetry: { observed: { liveBatch: () => undefined, liveGap: () => undefined } },
    timing: { live: { pollMs: 100, session: { shortestWaitMs: 50, newSessionMs: 50 } } },
    clock: Date.now,
  });
  return [live, ...sweepParts(silentLogger, { store, gateway })];
}

/** Maps the demo's three groups to their roles. */
export async function mapDemoGroups({ store, clientId }: Rig): Promise<readonly string[]> {
  const groups = {
    pilots: DEMO.roles.pilot,
    directors: DEMO.roles.director,
    recruits: DEMO.roles.recruit,
  };
  await store.applyFacts(
    Object.keys(groups).map((groupId) => ({
      kind: 'groupChanged',
      groupId,
      name: groupId,
      order: { sequence: null, timeUs: 1 },
      cause,
    })),
  );
  const ids: string[] = [];
  for (const [groupId, roleId] of Object.entries(groups)) {
    const { mapping } = await mapGroup(store.mappings, {
      clientId,
      groupId,
      roleId,
    });
    ids.push(mapping?.id ?? '');
  }
  return ids;
}

import { describe, expect, test, type TestContext } from 'vitest';

import type { DiscordMembers } from '../../services/reconcile/ports.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, clientInput, membership } from '../builders/store-world.js';
import {
  CAROL,
  endState,
  freshFact,
  scenarios,
  type Scenario,
} from '../support/crash-scenarios.js';
import { createCrashWorld, type CrashWorld } from '../support/crash-world.js';
import { eventually } from '../support/eventually.js';
import type { FaultPoint, PortCall } from '../support/fault-points.js';

const { roles } = DEMO;

/** A world with a waiting job. */
async function worldOf(
  scenario: Scenario,
  onTestFinished: TestContext['onTestFinished'],
): Promise<CrashWorld> {
  const world = await createCrashWorld();
  onTestFinished(world.end);
  await scenario.prepare(world);
  await scenario.mark(world);
  return world;
}

/** Starts the path of a second process after the first one's lease has expired. */
async function takeOver(world: CrashWorld): Promise<void> {
  await world.endLease();
  await world.startPath();
  await world.quiet();
}

/**
 * No change without a record: each write that reached Discord names a record. A join cannot carry a
 * record id, so it must happen while a record is open.
 */
async function expectRecordForEachWrite(world: CrashWorld): Promise<void> {
  const rows = await world.query('select id, opened_at, closed_at from audit_record');
  for (const { at, reason, path } of world.writes()) {
    const isJoin = /\/members\/\d+$/.test(path) && reason === undefined;
    const named = rows.filter(({ id, opened_at, closed_at }) =>
      isJoin
        ? Number(opened_at) <= at && Number(closed_at ?? Infinity) >= at
        : reason?.includes(String(id)),
    );
    expect(named).toHaveLength(1);
  }
}

const ends = new Map<Scenario, ReturnType<typeof endState>>();

/** The scenario's end state without a crash; run once. */
function undisturbedEnd(scenario: Scenario): ReturnType<typeof endState> {
  const end = ends.get(scenario) ?? runUndisturbed(scenario);
  ends.set(scenario, end);
  return end;
}

async function runUndisturbed(scenario: Scenario) {
  const world = await createCrashWorld();
  try {
    await scenario.prepare(world);
    await scenario.mark(world);
    await world.startPath();
    await world.quiet();
    return await endState(world);
  } finally {
    await world.end();
  }
}

function pointsOf(calls: readonly PortCall[]): readonly FaultPoint[] {
  return calls.flatMap((call): FaultPoint[] => [`${call}:before`, `${call}:after`]);
}

/** Calls off the usual path, each with the setup that triggers it. The process is killed there. */
const DETOURS: readonly {
  readonly call: PortCall;
  readonly after: string;
  readonly prepare: (world: CrashWorld) => Promise<unknown>;
  /** What a person does after the crash. */
  readonly mend: (world: CrashWorld) => Promise<unknown>;
}[] = [
  {
    call: 'memory.postpone',
    after: 'a rate limit',
    // Limits both kinds of write, because the path uses whichever kind is free. The first limit
    // must last until the second is hit.
    prepare: async ({ discord }) => {
      for (const method of ['PUT', 'PATCH'])
        discord.faults.plant({
          method,
          effect: { kind: 'sharedLimit', retryAfterMs: 8_000 },
        });
    },
    mend: async () => undefined,
  },
  {
    call: 'memory.saveTrouble',
    after: 'a refused token',
    prepare: async ({ discord }) => {
      // One for the write, and one for the check whether Discord refuses the bot itself.
      const effect = { kind: 'status', status: 401 } as const;
      discord.faults.plant({ method: 'PUT', effect });
      discord.faults.plant({ route: '/users/@me', effect });
    },
    mend: ({ store, clientId }) => store.clearTrouble(clientId),
  },
  {
    call: 'jobs.letGo',
    after: 'a surplus bot was leased',
    prepare: shareWithAnother,
    mend: async () => undefined,
  },
  {
    call: 'jobs.startListing',
    after: 'a client reached its limit of runs',
    prepare: bringFour,
    mend: forgetFour,
  },
];

/** Four people who are not in the guild. */
async function bringFour({ store, clientId }: CrashWorld): Promise<void> {
  const users = [1, 2, 3, 4].map((number) => ({
    platformUserId: `person-${number}`,
    discordUserId: `52000000000000000${number}`,
  }));
  await store.links.importMembers({ clientId, users, dryRun: false, cause });
}

/** Only Carol's end state is compared. */
async function forgetFour({ query }: CrashWorld): Promise<void> {
  for (const table of ['reconcile_job', 'member', 'link'])
    await query(`delete from ${table} where discord_user_id like '52%'`);
  await query(`delete from outbox where key like 'person-%'`);
  await query(`delete from platform_user where id like 'person-%'`);
}

/** A second, new bot, and a second process to share the two bots with. */
async function shareWithAnother({ store, query }: CrashWorld): Promise<void> {
  await query(
    "insert into worker (owner, live_until) values ('another', now() + interval '1 hour')",
  );
  await store.clients.createClient(clientInput());
}

describe.concurrent.each(scenarios)('$name', (scenario) => {
  const points = pointsOf(scenario.calls);

  test('reaches every kill point, and opens its record before it writes', async ({
    onTestFinished,
  }) => {
    const world = await worldOf(scenario, onTestFinished);

    const child = await world.startChild();
    await world.quiet();
    await eventually(() => child.passed().includes('memory.settle:after'));
    child.signal('SIGTERM');
    expect(await child.ended()).toBeNull();

    const passed = child.passed();
    expect(passed.toSorted()).toEqual(points.toSorted());
    expect(passed.indexOf('memory.openRecord:after')).toBeLessThan(
      passed.indexOf(`${scenario.write}:before`),
    );
    const end = await endState(world);
    expect(end).toEqual(await undisturbedEnd(scenario));
    expect(end.roleIds).toEqual(scenario.roleIds.toSorted());
    expect(end.records.every((record) => record.isClosed)).toBe(true);
  });

  test.each(points)('ends in the same state after a kill at %s', async (point) => {
    const world = await createCrashWorld();
    try {
      await scenario.prepare(world);
      await scenario.mark(world);

      const child = await world.startChild({ killAt: point });
      if (point.startsWith('jobs.releaseLeases')) await child.stopInOrder();
      expect(await child.ended()).toBe('SIGKILL');
      await expectRecordForEachWrite(world);
      await takeOver(world);

      expect(await endState(world)).toEqual(await undisturbedEnd(scenario));
      expect(world.writes()).toMatchObject([{ method: scenario.method }]);
    } finally {
      await world.end();
    }
  });

  test('ends in the same state after a kill while its write is in flight', async ({
    onTestFinished,
  }) => {
    const world = await worldOf(scenario, onTestFinished);
    world.discord.faults.plant({
      method: scenario.method,
      effect: { kind: 'silence', moment: 'after' },
    });

    const child = await world.startChild();
    await eventually(() => world.rolesOfCarol().length === scenario.roleIds.length);
    child.signal('SIGKILL');
    await child.ended();
    await takeOver(world);

    expect(await endState(world)).toEqual(await undisturbedEnd(scenario));
  });

  test('has its record open and nothing written just before its write', async ({
    onTestFinished,
  }) => {
    const world = await worldOf(scenario, onTestFinished);
    const [{ plannedAdded, plannedRemoved } = {}] = (await undisturbedEnd(scenario)).records;

    const child = await world.startChild({
      killAt: `${scenario.write}:before`,
    });
    await child.ended();

    expect(
      await world.query(
        'select planned_added, planned_removed from audit_record where closed_at is null',
      ),
    ).toEqual([{ planned_added: plannedAdded, planned_removed: plannedRemoved }]);
    expect(world.writes()).toEqual([]);
  });
});

describe.concurrent('a detour of the path', () => {
  const cases = DETOURS.flatMap((detour) =>
    pointsOf([detour.call]).map((point) => ({ ...detour, point })),
  );

  test.for(cases)(
    'after $after leads to the same end state when the process is killed at $point',
    async ({ point, prepare, mend }, { onTestFinished }) => {
      const world = await worldOf(freshFact, onTestFinished);
      await prepare(world);

      const child = await world.startChild({
        killAt: point,
      });
      expect(await child.ended()).toBe('SIGKILL');
      await expectRecordForEachWrite(world);
      await mend(world);
      await takeOver(world);

      expect(await endState(world)).toEqual(await undisturbedEnd(freshFact));
    },
  );

  test('is tested for every call that no scenario makes', async ({ onTestFinished }) => {
    const { store } = await worldOf(freshFact, onTestFinished);
    const discord = {
      readMember: true,
      addRole: true,
      removeRole: true,
      editMember: true,
      readRoles: true,
      joinMember: true,
    } satisfies Record<keyof DiscordMembers, true>;
    const calls = [
      ...Object.keys(store.memory).map((call) => `memory.${call}`),
      ...Object.keys(store.jobs).map((call) => `jobs.${call}`),
      ...Object.keys(discord).map((call) => `discord.${call}`),
    ];

    const covered = new Set<string>([
      ...scenarios.flatMap((scenario) => scenario.calls),
      ...DETOURS.map((detour) => detour.call),
    ]);

    expect(calls.filter((call) => !covered.has(call))).toEqual([]);
  });
});

describe.concurrent('between the crash and the next run', () => {
  test('an outdated plan is closed with what was applied, and the new plan gets its own record', async ({
    onTestFinished,
  }) => {
    const world = await worldOf(freshFact, onTestFinished);

    const child = await world.startChild({ killAt: 'discord.addRole:after' });
    await child.ended();
    const order = { sequence: 2, timeUs: 2 };
    await world.store.applyFacts([membership('carol', 'pilots', 'removed', order)]);
    await takeOver(world);

    const { roleIds, records } = await endState(world);
    expect(roleIds).toEqual([CAROL.foreignRoleId]);
    expect(records).toMatchObject([
      { added: [], removed: [roles.pilot], isClosed: true, reason: null },
      {
        added: [roles.pilot],
        removed: [],
        isClosed: true,
        reason: 'the plan changed during the run',
      },
    ]);
  });

  test('another process takes over only after the lease has expired', async ({
    annotate,
    onTestFinished,
  }) => {
    const world = await worldOf(freshFact, onTestFinished);

    const child = await world.startChild({ killAt: 'discord.addRole:before' });
    await child.ended();
    const [lease] = await world.query(
      'select (extract(epoch from leased_until) * 1000)::float8 as over_at from bot_lease',
    );
    await world.startPath();
    await world.quiet();

    const [write] = world.writes();
    const lateMs = (write?.at ?? NaN) - Number(lease?.['over_at']);
    await annotate(`it wrote ${lateMs} ms after the end of the lease`);
    expect(lateMs).toBeGreaterThan(0);
    expect(await endState(world)).toEqual(await undisturbedEnd(freshFact));
  });
});

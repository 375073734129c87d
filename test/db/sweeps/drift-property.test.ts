import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Db } from '../../../services/store/entities/entities.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { desiredRoles, planRoles } from '../../../services/reconcile/plan/plan.js';
import { LEAVE_NICKNAME } from '../../../services/reconcile/plan/plan-nickname.js';
import { planRequests, withRequests } from '../../../services/reconcile/plan/plan-requests.js';
import { withholdChanges } from '../../../services/reconcile/plan/withhold.js';
import type { MemberFacts } from '../../../services/reconcile/ports.js';
import { openDatabase, type Database } from '../../../services/store/connection/database.js';
import { readMember } from '../../../services/store/path/read-member.js';
import { readDrift } from '../../../services/store/sweeps/drift.js';
import { NOTHING_SETTLED, settled } from '../../../services/reconcile/settle/settlement.js';
import { answerWaiting, readWaiting } from '../../../services/store/sweeps/answer-waiting.js';
import { readAndPlan } from '../../../services/reconcile/plan/read-and-plan.js';
import type { Settlement } from '../../../services/reconcile/write/records.js';
import { LANES } from '../../../services/model.js';
import { cause } from '../../builders/store-world.js';
import { must } from '../../support/must.js';
import { aWorld, writeWorld, type World } from '../../builders/drift-world.js';
import { presentMember } from '../../builders/member-facts.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase } from '../../support/store.js';
import type { DriftedMember } from '../../../services/sweep/ports.js';
import { createPacing, NOTHING_KNOWN } from '../../../services/discord/limits/pacing.js';

const CLIENT = '0193b0a0-0000-7000-8000-0000000000aa';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createMigratedDatabase();
  database = await openDatabase({
    url: testDatabase.url,
    poolSize: 2,
    logger: silentLogger,
  });
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** The drift that the path would find, one member at a time. */
async function driftByPlan(
  db: Db,
  world: World,
  { takesSeen }: { readonly takesSeen: boolean },
): Promise<readonly DriftedMember[]> {
  const drifted: DriftedMember[] = [];
  for (const member of world.members) {
    const { discordUserId, standing, seen } = member;
    const facts = await readMember(db, { clientId: CLIENT, discordUserId });
    if (facts === null || facts.links.length === 0) continue;
    // A parked member without a row in `changed` has no known cause to wait for.
    if (standing === 'parked') continue;
    if (standing === 'waiting' && member.mirror === 'never') continue;
    const mirror = takesSeen && seen !== null ? seen : facts.mirror;
    const platformUserId =
      facts.links.find((link) => link.status === 'ACTIVE')?.platformUserId ?? null;
    const who = { discordUserId, platformUserId };
    if (mirror === null) {
      drifted.push({ ...who, ...NOTHING, isUnread: true });
      continue;
    }
    if (!mirror.isPresent) continue;
    const { asks } = requestsOf(facts, mirror);
    const { add, remove: wanted } = planOf(facts, mirror);
    const remove = wanted.filter((roleId) => facts.decisions.get(roleId) !== 'HELD');
    if (add.length + remove.length + asks.length > 0)
      drifted.push({ ...who, add, remove, asks, isUnread: false });
  }
  return drifted;
}

const NOTHING = { add: [], remove: [], asks: [] };

/** A first reading on which both sides agree becomes the baseline, and is no drift. */
function requestsOf(facts: MemberFacts, { roleIds }: { readonly roleIds: readonly string[] }) {
  const actual = { ...presentMember({ roleIds }), isPresent: true as const };
  const { readings } = planRequests(facts, actual);
  const isFirst = (mappingId: string) =>
    facts.mappings.find((each) => each.mappingId === mappingId)?.remote?.baseline === null;
  const asks = readings
    .filter(({ mappingId, asks: change }) => change || !isFirst(mappingId))
    .map(({ roleId }) => roleId);
  return { asks: [...new Set(asks)].toSorted() };
}

function planOf(facts: MemberFacts, shown: Omit<SeenMember, 'isPresent'>) {
  const member = { isPresent: true, ...presentMember(shown) } as const;
  const roles = planRoles({
    desired: desiredRoles(facts),
    actual: new Set(shown.roleIds),
    written: new Set(),
    refusals: facts.roles,
    decisions: facts.decisions,
  });
  const plan = { ...withRequests(roles, planRequests(facts, member)), ...LEAVE_NICKNAME };
  return withholdChanges(facts, member, { plan, isAskedFor: false });
}

type SeenMember = NonNullable<World['members'][number]['seen']>;

/** How many links one statement reads; a world has only a few. */
const atOnce = fc.constantFrom(1, 2, 3, 10_000);

/** Runs in a world that is then rolled back. */
async function inWorld<Result>(world: World, look: (db: Db) => Promise<Result>): Promise<Result> {
  let result: { readonly value: Result } | undefined;
  const rollback = new Error('rolled back');
  await database
    .transaction(async ({ sql: db }) => {
      await writeWorld(db, CLIENT, world);
      result = { value: await look(db) };
      throw rollback;
    })
    .catch((error: unknown) => {
      if (error !== rollback) throw error;
    });
  if (result === undefined) throw new Error('the world was never looked at');
  return result.value;
}

describe('the drift query', () => {
  test('names exactly the members for whom the plan has a change', async () => {
    const tally = { add: 0, remove: 0, asks: 0, unread: 0 };

    await fc.assert(
      fc.asyncProperty(aWorld(), fc.boolean(), atOnce, async (world, takesSeen, limit) => {
        const request = {
          clientId: CLIENT,
          seen: takesSeen
            ? world.members.flatMap(({ discordUserId, seen }) =>
                seen === null ? [] : [{ discordUserId, ...seen }],
              )
            : [],
          changed: [],
        };

        const [found, expected] = await inWorld(world, async (db) => [
          await readDrift(db, request, limit),
          await driftByPlan(db, world, { takesSeen }),
        ]);

        expect(found).toEqual(expected);
        for (const { add, remove, asks, isUnread } of expected) {
          tally.add += add.length;
          tally.remove += remove.length;
          tally.asks += asks.length;
          tally.unread += isUnread ? 1 : 0;
        }
      }),
      { numRuns: 300 },
    );

    // A generator that never makes drift would prove nothing.
    expect(Math.min(...Object.values(tally))).toBeGreaterThan(20);
  }, 120_000);

  test('names parked members once a change to them is observed', async () => {
    const property = fc.asyncProperty(aWorld(), atOnce, async (world, limit) => {
      const free = {
        ...world,
        members: world.members.map((each) => ({
          ...each,
          standing: 'free' as const,
        })),
      };
      const changed = world.members.map((each) => each.discordUserId);

      const found = await inWorld(world, async (db) =>
        readDrift(db, { clientId: CLIENT, seen: [], changed }, limit),
      );

      const expected = await inWorld(free, async (db) =>
        driftByPlan(db, free, { takesSeen: false }),
      );
      expect(found).toEqual(expected);
    });
    await fc.assert(property, { numRuns: 60 });
  }, 120_000);

  test('reads only its own client', async () => {
    const property = fc.asyncProperty(aWorld(), async (world) => {
      const request = { clientId: CLIENT, seen: [], changed: [] };

      const [alone, beside] = await inWorld(world, async (db) => [
        await readDrift(db, request),
        await addAnotherClient(db).then(async () => readDrift(db, request)),
      ]);

      expect(beside).toEqual(alone);
    });
    await fc.assert(property, { numRuns: 40 });
  }, 120_000);
});

describe('a member list applied to waiting jobs', () => {
  test('settles only members whose run would have nothing to do', async () => {
    const tally = { IN_STEP: 0, ABSENT: 0, left: 0 };
    const anyWorld = fc.oneof(aWorld(), aWorld().map(withPlatformsSay));
    const property = fc.asyncProperty(anyWorld, async (world) => {
      await inWorld(world, async (db) => {
        await sql`update member set roles_read_at = now() where read_at is not null`.execute(db);
        await sql`
          insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes)
          select distinct client_id, discord_user_id, 10, now(), '[{"kind": "MUTATION"}]'::jsonb from link
          on conflict do nothing`.execute(db);
        const listed = new Set(
          world.members.flatMap(({ mirror, discordUserId }) =>
            mirror === 'present' ? [discordUserId] : [],
          ),
        );
        const drifted = await readDrift(db, { clientId: CLIENT, seen: [], changed: [] });
        const names = new Set(drifted.map(({ discordUserId }) => discordUserId));
        const waiting = await readWaiting(db, CLIENT);
        const runs = new Map<string, Settlement>();
        for (const { discordUserId } of waiting)
          runs.set(discordUserId, await settlementOf(db, discordUserId));

        await answerWaiting(db, CLIENT, {
          askedAt: '2000-01-01',
          inStep: waiting.filter(({ discordUserId: id }) => listed.has(id) && !names.has(id)),
          absent: waiting.filter(({ discordUserId: id }) => !listed.has(id)),
        });

        const left = new Set((await readWaiting(db, CLIENT)).map((job) => job.discordUserId));
        tally.left += left.size;
        for (const { discordUserId } of waiting) {
          if (left.has(discordUserId)) continue;
          const { state, reason } = await standingOf(db, discordUserId);
          const run = runs.get(discordUserId);
          expect({ parking: [], ...run }).toEqual({
            ...NOTHING_SETTLED,
            parking: [],
            outcome: state === 'ABSENT' ? 'ABSENT' : 'UNCHANGED',
            reason,
            observed: run?.observed,
            isReading: true,
            clearsTrouble: true,
          });
          tally[state] += 1;
        }
      });
    });
    await fc.assert(property, { numRuns: 150 });

    expect(Math.min(...Object.values(tally))).toBeGreaterThan(5);
  }, 120_000);
});

/** A world where only roles can change, and every role is assignable. */
const withPlatformsSay = (world: World): World => ({
  ...world,
  authority: 'PLATFORM',
  refusals: world.refusals.map(() => null),
  mappings: world.mappings.map((each) => ({ ...each, authority: null, isRetired: false })),
});

/** The settlement of a run that reads the state shown by the mirror. */
async function settlementOf(db: Db, discordUserId: string): Promise<Settlement> {
  const known = must(await readMember(db, { clientId: CLIENT, discordUserId }));
  const mirror = known.mirror ?? { isPresent: false };
  const job = { clientId: CLIENT, discordUserId, version: 1, lane: 10, attempts: 0, lateCauses: 0 };
  const { facts, plan, reading } = await readAndPlan(
    {
      discord: { readMember: async () => mirror },
      pacing: createPacing({
        writeOutlook: () => NOTHING_KNOWN,
        clock: Date.now,
        runsPerClient: 4,
      }),
      guildRoles: {
        refresh: async () => null,
        readAnew: async () => ({ ownerId: null, roles: [] }),
        catchUp: async () => null,
      },
      clock: Date.now,
    },
    {
      job: { ...job, lane: LANES.bulk, causes: [{ ...cause, looksAnew: true }] },
      known,
      knownAtMs: 0,
      target: { ...known.client, discordUserId, isUrgent: false },
      answered: null,
    },
  );
  const verdict = { allowedRemovals: plan.remove, heldRemovals: [], reason: null };
  const ending = settled({
    facts,
    plan,
    record: { recordId: null, verdict },
    applied: null,
    reading: reading.member,
    hasAsked: true,
    isReading: true,
  });
  if (ending.kind === 'interrupted') throw ending.error;
  const isChanged = plan.add.length + plan.remove.length > 0 && reading.member.isPresent;
  if (isChanged) return { ...ending.settlement, outcome: 'APPLIED' };
  return ending.settlement;
}

async function standingOf(db: Db, discordUserId: string) {
  const row = await db
    .selectFrom('member')
    .select(['state', 'reason'])
    .where('discordUserId', '=', discordUserId)
    .executeTakeFirstOrThrow();
  if (row.state !== 'IN_STEP' && row.state !== 'ABSENT') throw new Error(`state ${row.state}`);
  return { state: row.state, reason: row.reason };
}

/**
 * Copies people and roles to another client where every group grants every role, no member holds
 * one, and every member is parked with held removals.
 */
async function addAnotherClient(db: Db): Promise<void> {
  const other = '0193b0a0-0000-7000-8000-0000000000bb';
  await sql`
    insert into client select (jsonb_populate_record(c, jsonb_build_object('id', ${other}::text, 'guild_id', 'another'))).*
    from client c`.execute(db);
  await sql`
    insert into role (client_id, id, name, position, color, is_managed, refusal)
    select ${other}, id, '', 1, 0, false, case when refusal is null then 'ABOVE_BOT' end from role`.execute(
    db,
  );
  await sql`
    insert into role_mapping (id, client_id, group_id, role_id, created_at)
    select gen_random_uuid(), ${other}, g.id, r.id, now() from platform_group g cross join role r
    where r.client_id = ${other}`.execute(db);
  await sql`
    insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
    select gen_random_uuid(), ${other}, platform_user_id, discord_user_id, 'ENDING', now() from link`.execute(
    db,
  );
  await sql`
    insert into member (client_id, discord_user_id, read_at, is_present)
    select distinct ${other}::uuid, discord_user_id, now(), false from link`.execute(db);
  await sql`
    insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, reason)
    select distinct ${other}::uuid, l.discord_user_id, r.id, 'HELD', 'LIMIT', '' from link l
    cross join role r where r.client_id = ${other}`.execute(db);
  await sql`
    insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes, is_parked)
    select distinct ${other}::uuid, discord_user_id, 0, now(), '[]'::jsonb, true from link`.execute(
    db,
  );
}

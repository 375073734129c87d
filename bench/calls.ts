import type pg from 'pg';

import {
  cause,
  mapGroup,
  membership,
  nextOrder,
  snapshotOf,
} from '../test/builders/store-world.js';
import type { Store } from '../services/store/store.js';
import { mapDemoGroups, startRig, type Rig } from '../test/support/rig.js';
import { numbers } from './support/bench-guilds.js';
import type { Answer, Bench, Row } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { costOf, quiet } from './support/call-costs.js';
import { crowdedWorld, EXTRA_ROLES, memberId } from './support/crowded-world.js';
import { openSql } from './support/open-sql.js';
import { signInRows } from './support/sign-in-rows.js';
import { createStatementCounter, type StatementCounter } from './support/statement-counts.js';

export const calls: Bench = {
  name: 'calls',
  question: 'how many calls to Discord does an operation cost?',
  answer,
};

/**
 * `dissolved` members are in the group that is dissolved in the end; one role of `many` of them
 * changes before.
 */
interface Crowd {
  readonly many: number;
  readonly dissolved: number;
}

const FIVE = ['pilots', 'directors', 'recruits', 'extra-0', 'extra-1'];

async function answer(world: BenchWorld): Promise<Answer> {
  const crowd = world.isQuick ? { many: 60, dissolved: 200 } : { many: 1_000, dissolved: 3_000 };
  const postgres = await world.postgres();
  const databaseUrl = await postgres.createDatabase('calls');
  const statements = createStatementCounter();
  const { onStatement } = statements;
  const started = await startRig(databaseUrl, {
    discord: { world: crowdedWorld(crowd.dissolved + FIRST) },
    store: { poolSize: 20, onStatement },
  });
  const rig = { ...started, statements };
  const sql = await openSql(databaseUrl);
  try {
    await mapDemoGroups(rig);
    await mapExtraGroups(rig);
    const removalGuard = { minimum: 1_000_000, percent: 100 };
    await rig.store.clients.updateClient(rig.clientId, { removalGuard }, cause);
    const rows = await rowsOf(rig, sql, crowd);
    const signInUrl = await postgres.createDatabase('sign_in');
    return { rows: [...rows, ...(await signInRows(signInUrl))], notes: NOTES };
  } finally {
    await sql.end();
    await rig.stop();
  }
}

const NOTES = [
  'As the sandbox Discord counted them; its buckets lifted, the global limit of the REST client too, the removal guard raised, window 0.',
  'Statements: all SQL statements until every member was settled, including begin and commit. Waits: how often the service waited for the database.',
  'A member of these holds one foreign role. Retries and reads of the guild are counted where they happen.',
];

interface CountedRig extends Rig {
  readonly statements: StatementCounter;
}

/** Each row goes on where the one before it left the world. */
async function rowsOf(rig: CountedRig, sql: pg.Client, crowd: Crowd): Promise<readonly Row[]> {
  const { store } = rig;
  const cost = (what: string, operation: () => Promise<unknown>) =>
    costOf(rig, sql, what, operation);
  const linkIds = new Map<number, string>();
  const link = async (index: number) => {
    const { linkId } = await store.links.linkMember({
      clientId: rig.clientId,
      platformUserId: userId(index),
      discordUserId: memberId(index),
      cause,
    });
    linkIds.set(index, linkId);
  };
  const apply = (...facts: Parameters<typeof store.applyFacts>[0][number][]) =>
    store.applyFacts(facts);
  const one = userId(0);
  const first = membership(one, 'pilots');
  const other = userId(1);
  for (const index of [0, 1, 2]) await link(index);
  await quiet(sql);

  return [
    await cost('one role, by a membership event', () => apply(first)),
    await cost('two roles, by two events in one window', () =>
      apply(membership(one, 'directors'), membership(one, 'recruits')),
    ),
    await cost('five roles at once, by a snapshot, first of the process', () =>
      apply(snapshotOf(other, FIVE)),
    ),
    await cost('five roles at once, by a snapshot', () => apply(snapshotOf(userId(2), FIVE))),
    await cost('the same event again', () => apply(first)),
    await cost('no change: reconcileDiscordUser', () =>
      store.links.reconcileMember({
        id: linkIds.get(0) ?? '',
        cause,
        waitMs: 5_000,
      }),
    ),
    await cost('link of a member with two groups', async () => {
      await apply(snapshotOf(userId(3), ['pilots', 'directors']));
      await link(3);
    }),
    await cost('unlink with three roles', () =>
      store.links.unlinkMember({ id: linkIds.get(0) ?? '', cause }),
    ),
    ...(await crowdRows(cost, rig, { sql, link, crowd })),
  ];
}

async function crowdRows(
  cost: (what: string, work: () => Promise<unknown>) => Promise<Row>,
  { store, clientId }: Rig,
  world: {
    sql: pg.Client;
    link: (index: number) => Promise<void>;
    crowd: Crowd;
  },
): Promise<readonly Row[]> {
  const { many, dissolved } = world.crowd;
  const crowd = numbers(dissolved).map((index) => index + FIRST);
  const [early, late] = [crowd.slice(0, many), crowd.slice(many)];
  const joinAll = (members: readonly number[]) =>
    store.applyFacts(members.map((index) => membership(userId(index), 'extra-0')));
  const linked = await cost(`${dissolved} members linked, without groups`, async () => {
    for (const index of crowd) await world.link(index);
  });
  const changed = await cost(`${many} members, one change each`, () => joinAll(early));
  await joinAll(late);
  // Nobody but them is in it.
  await store.applyFacts([1, 2].map((index) => snapshotOf(userId(index), [])));
  await quiet(world.sql);
  const taken = await cost(`a group of ${dissolved} dissolved, its plan approved`, async () => {
    await store.applyFacts([
      { kind: 'groupDeleted', groupId: 'extra-0', order: nextOrder(), cause },
    ]);
    await approveAll(store, clientId);
  });
  return [linked, changed, taken];
}

/** More than half of a role's holders go by a person's word alone, however high the limits are. */
async function approveAll(store: Store, clientId: string): Promise<void> {
  const { rows } = await store.sweeps.pageSweeps(
    { clientId, kind: 'CHANGES' },
    { limit: 10, after: null },
  );
  const held = rows.filter(({ state }) => state === 'HELD');
  if (held.length !== 1) throw new Error(`${held.length} plans are held`);
  for (const { id } of held)
    await store.sweeps.decideSweep({
      id,
      hash: null,
      verdict: 'APPROVED',
      cause,
    });
}

/** Of the crowd; those before it are for the single operations. */
const FIRST = 10;

const userId = (index: number) => `person-${index}`;

async function mapExtraGroups({ store, clientId }: Rig): Promise<void> {
  for (const [index, roleId] of EXTRA_ROLES.entries()) {
    const groupId = `extra-${index}`;
    const order = nextOrder();
    await store.applyFacts([{ kind: 'groupChanged', groupId, order, cause }]);
    await mapGroup(store.mappings, {
      clientId,
      groupId,
      roleId,
    });
  }
}

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sql } from 'kysely';

import { silentLogger } from '../../../services/lib/logger.js';
import { judgePlan } from '../../../services/reconcile/guard/guard.js';
import { planNicknameOf } from '../../../services/reconcile/plan/plan-nickname.js';
import { openDatabase, type Database } from '../../../services/store/connection/database.js';
import type { Store } from '../../../services/store/store.js';
import { readDrift } from '../../../services/store/sweeps/drift.js';
import { readLinkedMembers } from '../../../services/store/sweeps/guild-state.js';
import { holdRun, RunLostError } from '../../../services/sweep/held-run.js';
import { runSweep } from '../../../services/sweep/run-sweep.js';
import { presentMember } from '../../builders/member-facts.js';
import { cause, clientInput, link } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import type { DriftedMember } from '../../../services/sweep/ports.js';

const EARLY = '410000000000000001';
const LATE = '410000000000000002';

let testDatabase: TestDatabase;
let database: Database;
let store: Store;
let clientId: string;

beforeEach(async () => {
  testDatabase = await createMigratedDatabase();
  const { url } = testDatabase;
  database = await openDatabase({ url, poolSize: 2, logger: silentLogger });
  store = await openTestStore(url);
  ({ id: clientId } = await store.clients.createClient(clientInput()));
});

afterEach(async () => {
  await store.stop();
  await database.close();
  await testDatabase.drop();
});

/** Stores a member that was observed in the guild a day ago. */
async function seeMember(discordUserId: string): Promise<void> {
  await sql`
    insert into member (client_id, discord_user_id, read_at, state)
    values (${clientId}, ${discordUserId}, now() - interval '1 day', 'IN_STEP')
    on conflict (client_id, discord_user_id) do update set read_at = excluded.read_at, state = excluded.state`.execute(
    database.sql(),
  );
}

async function presenceOf(discordUserId: string) {
  const { rows } = await sql<{ is_present: boolean; state: string }>`
    select is_present, state from member where discord_user_id = ${discordUserId}`.execute(
    database.sql(),
  );
  return rows[0];
}

/** Runs a sweep on the real store, in a guild that lists these members. */
async function runOf(options: {
  readonly kind: 'REMOTE_SYNC' | 'VERIFY_GROUPS';
  readonly shown: readonly string[];
  /** Runs while members are listed. */
  readonly meanwhile?: () => Promise<unknown>;
  /** False if another process has taken the run over. */
  readonly isOurs?: boolean;
}) {
  const { kind, shown, meanwhile, isOurs = true } = options;
  const asked = { clientId, dryRun: false, enforceStrategy: null, cause };
  await store.sweeps.startSweep({ ...asked, kind });
  const runs = store.sweeps.runs(judgePlan);
  const claimed = await runs.claim(60_000, []);
  if (claimed === null) throw new Error('there is nothing to claim');
  const held = holdRun(claimed, {
    runs: { renew: async () => Promise.resolve(isOurs) },
    isStopping: () => false,
    pause: () => Promise.resolve(),
    clock: Date.now,
  });
  const guild = {
    async listMembers() {
      await meanwhile?.();
      return shown.map((discordUserId) => ({
        ...presentMember(),
        discordUserId,
      }));
    },
    readRoleCounts: async () => Promise.resolve(new Map<string, number>()),
    refreshRoles: async () => Promise.resolve(),
  };
  const memory = { ...store.sweeps, runs };
  return runSweep({ memory, guild, planNickname: planNicknameOf }, held);
}

describe('a member linked while the guild is listed', () => {
  test('is not recorded as having left', async () => {
    await link(store, clientId, 'early', EARLY);
    await seeMember(EARLY);

    const ending = await runOf({
      kind: 'REMOTE_SYNC',
      shown: [EARLY, LATE],
      async meanwhile() {
        await link(store, clientId, 'late', LATE);
        await seeMember(LATE);
      },
    });

    expect(ending.state).toBe('DONE');
    expect(await presenceOf(LATE)).toEqual({
      is_present: true,
      state: 'IN_STEP',
    });
  });

  test('does not hide another member who has left', async () => {
    await link(store, clientId, 'early', EARLY);
    await seeMember(EARLY);

    await runOf({
      kind: 'REMOTE_SYNC',
      shown: [LATE],
      meanwhile: async () => link(store, clientId, 'late', LATE),
    });

    expect(await presenceOf(EARLY)).toEqual({
      is_present: false,
      state: 'ABSENT',
    });
  });
});

describe('the linked members of a guild', () => {
  test('are all read, whatever the page size', async () => {
    for (const index of [1, 2, 3, 4, 5]) {
      await link(store, clientId, `user-${index}`, `9${index}`);
      if (index % 2 === 0) await seeMember(`9${index}`);
    }

    for (const atOnce of [1, 2, 5, 6]) {
      const { linked, present } = await readLinkedMembers(database.sql(), clientId, {
        atOnce,
        beforePage: () => Promise.resolve(),
      });

      expect(linked.size).toBe(5);
      expect(linked.has('93')).toBe(true);
      expect([...present]).toEqual(['92', '94']);
    }
  });
});

describe('a long drift query', () => {
  test('ends with RunLostError if another process has taken the run over', async () => {
    await link(store, clientId, 'early', EARLY);

    const run = runOf({ kind: 'VERIFY_GROUPS', shown: [], isOurs: false });

    await expect(run).rejects.toThrow(RunLostError);
  });

  test('checks the run before each page and before it reads ending links', async () => {
    for (const index of [1, 2, 3, 4, 5]) await link(store, clientId, `user-${index}`, `9${index}`);
    let pages = 0;

    const found = await driftOf(2, async () => {
      pages += 1;
      return Promise.resolve();
    });

    expect(pages).toBe(4);
    expect(found).toHaveLength(5);
  });

  test('returns a member whose link ends in the meantime once, in the latest state', async () => {
    const id = await link(store, clientId, 'user-1', '91');
    let pages = 0;

    const found = await driftOf(2, async () => {
      pages += 1;
      if (pages === 2) await store.links.unlinkMember({ id, cause });
    });

    const unread = { add: [], remove: [], asks: [], isUnread: true };
    expect(found).toEqual([{ discordUserId: '91', platformUserId: null, ...unread }]);
  });
});

async function driftOf(
  linksAtOnce: number,
  beforePage: () => Promise<void>,
): Promise<readonly DriftedMember[]> {
  const request = { clientId, seen: [], changed: [], beforePage };
  return readDrift(database.sql(), request, linksAtOnce);
}

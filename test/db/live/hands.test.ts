import { describe, expect, test } from 'vitest';

import type { HandEntry, HandName } from '../../../services/discord/gateway/ports.js';
import { DIRECTOR, FOREIGN, PILOT } from '../../builders/member-facts.js';
import { ALICE, BOB, shown, UPDATED, useLive } from '../../support/live-fixture.js';
import { must } from '../../support/must.js';

const live = useLive();

const MOD: HandName = { discordUserId: '200000000000000001', name: 'Moira', isBot: false };
const OTHER_BOT: HandName = { discordUserId: '200000000000000002', name: 'RoleBot', isBot: true };

let serial = 0n;

/** An id of an audit log entry, made that long ago. */
function entryId(agoMs = 0): string {
  serial += 1n;
  return String((BigInt(Date.now() - agoMs - 1_420_070_400_000) << 22n) + serial);
}

function hand(entry: Partial<HandEntry> & { readonly by?: HandName | null }) {
  const by = entry.by === undefined ? MOD : entry.by;
  return {
    kind: 'handEntry' as const,
    entryId: entryId(),
    discordUserId: ALICE,
    byDiscordUserId: by?.discordUserId ?? null,
    added: [],
    removed: [],
    ...entry,
    by,
  };
}

const note = async (...hands: readonly ReturnType<typeof hand>[]) =>
  live.live().noteHands(live.clientId(), hands);

const take = async () => live.apply({ shown: [shown(ALICE)] });
const give = async () => live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] });

/** As a run does that has reversed the change, and whose echo has confirmed it long ago. */
async function reversed(roleIds: readonly string[]): Promise<void> {
  await live.query(
    'update member set role_ids = $1, read_at = clock_timestamp(), live_at = clock_timestamp()',
    [roleIds],
  );
}

describe('the author of a change', () => {
  test('is stored when the entry comes after the event', async () => {
    await live.known(ALICE);
    await give();
    const entry = hand({ added: [PILOT, FOREIGN] });

    await note(entry);

    expect(await live.hands()).toMatchObject([
      {
        role_id: PILOT,
        is_given: true,
        by_discord_user_id: MOD.discordUserId,
        by_name: 'Moira',
        entry_id: entry.entryId,
        reversals: 1,
      },
    ]);
  });

  test('is stored when the entry comes first, and the change is counted once', async () => {
    await live.known(ALICE);
    await note(hand({ added: [PILOT] }));
    expect(await live.hands()).toMatchObject([{ by_name: 'Moira', reversals: 0 }]);

    await give();

    expect(await live.hands()).toMatchObject([{ by_name: 'Moira', reversals: 1 }]);
  });

  test('names the cause of the mark when the entry comes first', async () => {
    await live.known(ALICE);
    const entry = hand({ added: [PILOT] });
    await note(entry);

    await give();

    expect((await live.jobs())[0]?.causes).toEqual([
      { kind: 'DISCORD', id: entry.entryId, actor: 'Moira (200000000000000001)' },
    ]);
  });

  test('completes the causes of the waiting job when the entry comes after the event', async () => {
    await live.known(ALICE);
    await give();
    const entry = hand({ added: [PILOT], by: { ...MOD, name: null } });

    await note(entry);

    expect((await live.jobs())[0]?.causes).toEqual([
      { kind: 'DISCORD', id: entry.entryId, actor: MOD.discordUserId },
    ]);
  });

  test('gets a name as soon as Discord has said it, in the job, the record and the stored change', async () => {
    await live.known(ALICE);
    await give();
    const entry = hand({ added: [PILOT], by: { ...MOD, name: null, isBot: null } });
    await note(entry);
    await live.query(
      `insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at)
        select gen_random_uuid(), client_id, discord_user_id, causes, '{}', '{${PILOT}}', '{}', now() from reconcile_job`,
    );

    await note({ ...entry, by: MOD });
    await note({ ...entry, by: { ...MOD, name: null, isBot: null } });

    const named = [{ kind: 'DISCORD', id: entry.entryId, actor: 'Moira (200000000000000001)' }];
    expect((await live.jobs())[0]?.causes).toEqual(named);
    expect(await live.row('select causes from audit_record')).toEqual({ causes: named });
    expect(await live.hands()).toMatchObject([{ by_name: 'Moira', reversals: 1 }]);
  });

  test('completes a record of the last minute that reverses the change, and no other', async () => {
    await live.known(ALICE);
    const insert = async (columns: string, opened = 'now()') =>
      live.query(
        `insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at, closed_at)
          values (gen_random_uuid(), '${live.clientId()}', '${ALICE}', '${JSON.stringify([UPDATED, { ...UPDATED, isAboutName: true }])}', ${columns}, '{}', ${opened}, now())`,
      );
    await insert(`'{}', '{${PILOT}}'`);
    await insert(`'{}', '{${DIRECTOR}}'`);
    await insert(`'{${PILOT}}', '{}'`);
    await insert(`'{}', '{${PILOT}}'`, "now() - interval '2 minutes'");
    const entry = hand({ added: [PILOT] });

    await note(entry);

    const records = await live.query<{ causes: readonly unknown[] }>(
      'select causes from audit_record where causes @> \'[{"actor": "Moira (200000000000000001)"}]\'',
    );
    expect(records).toEqual([
      {
        causes: [
          { kind: 'DISCORD', id: entry.entryId, actor: 'Moira (200000000000000001)' },
          { ...UPDATED, isAboutName: true },
        ],
      },
    ]);
  });

  test.each(['entry', 'name'])(
    'is in the record of a run that had read its job before the %s came',
    async (late) => {
      await live.known(ALICE);
      const entry = hand({ added: [PILOT] });
      await give();
      if (late === 'name') await note({ ...entry, by: { ...MOD, name: null, isBot: null } });
      const { jobs } = await live.store().jobs.claim({
        running: new Map(),
        inWork: [],
        runsPerClient: 1,
        except: [],
      });
      const job = must(jobs[0]);
      await note(entry);

      await live.store().memory.openRecord({
        job,
        platformUserId: 'alice',
        isArrival: false,
        add: [],
        remove: [PILOT],
        nickname: null,
        ensured: { added: [], removed: [] },
        uncounted: [PILOT],
        takenBack: [],
        judge: () => ({ allowedRemovals: [PILOT], heldRemovals: [], reason: null }),
        observed: null,
        supersedes: null,
      });

      const before =
        late === 'entry' ? UPDATED : { ...UPDATED, id: entry.entryId, actor: MOD.discordUserId };
      expect(job.causes).toEqual([before]);
      expect(await live.query('select causes from audit_record')).toEqual([
        { causes: [{ ...UPDATED, id: entry.entryId, actor: 'Moira (200000000000000001)' }] },
      ]);
    },
  );

  test('of a nickname completes only causes about names', async () => {
    await live.known(ALICE);
    await live.update({
      nicknamePolicy: { strategy: 'TEMPLATE', template: 'P %username', onUnlink: 'KEEP' },
    });
    await live.apply({ shown: [shown(ALICE, { nickname: 'Queen' })] });
    await live.apply({ shown: [shown(ALICE, { nickname: 'Queen', roleIds: [PILOT] })] });
    const entry = hand({});

    await note(entry);

    expect((await live.jobs())[0]?.causes).toEqual([
      {
        kind: 'DISCORD',
        id: entry.entryId,
        actor: 'Moira (200000000000000001)',
        isAboutName: true,
      },
      UPDATED,
    ]);
  });

  test('is the one of the newest entry, in whatever order the entries come', async () => {
    await live.known(ALICE);
    await give();
    const older = hand({ added: [PILOT], by: OTHER_BOT });
    const newer = hand({ added: [PILOT] });

    await note(newer, older);
    await note(older);

    expect(await live.hands()).toMatchObject([{ by_name: 'Moira', entry_id: newer.entryId }]);
  });

  test('is ignored for an entry of another direction that is older than the change', async () => {
    await live.known(ALICE);
    await give();

    await note(hand({ removed: [PILOT], entryId: entryId(10_000) }));

    expect(await live.hands()).toMatchObject([{ is_given: true, by_name: null }]);
  });

  test('is ignored for an entry that is repeated minutes later', async () => {
    await live.known(ALICE);

    await note(hand({ added: [PILOT], entryId: entryId(120_000) }));

    expect(await live.hands()).toEqual([]);
  });

  test('is not stored for foreign roles, unlinked accounts or the bot itself', async () => {
    await live.known(ALICE);
    await live.query("update client set bot_user_id = '200000000000000009'");
    const ownBot = { discordUserId: '200000000000000009', name: 'Connector', isBot: true };

    await note(
      hand({ added: [FOREIGN] }),
      hand({ discordUserId: BOB, added: [PILOT] }),
      hand({ added: [PILOT], by: ownBot }),
    );

    expect(await live.hands()).toEqual([]);
  });

  test('is unknown if Discord does not say', async () => {
    await live.known(ALICE);
    await give();
    const entry = hand({ added: [PILOT], by: null });

    await note(entry);

    expect(await live.hands()).toMatchObject([{ by_name: null, entry_id: entry.entryId }]);
    expect((await live.jobs())[0]?.causes).toEqual([
      { kind: 'DISCORD', id: entry.entryId, actor: 'Discord' },
    ]);
  });

  test('of a deleted client is forgotten', async () => {
    await live.query('delete from client');

    await note(hand({ added: [PILOT] }));

    expect(await live.hands()).toEqual([]);
  });
});

describe('a removal at a client that holds removals by hand', () => {
  const hold = async () => live.update({ handRemovals: 'HOLD' });

  test('is held while its author is unknown, and stays held when a person did it', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await hold();
    await take();
    expect(await live.hands()).toMatchObject([{ is_given: false, is_held: true }]);

    await note(hand({ removed: [PILOT] }));

    expect(await live.hands()).toMatchObject([{ is_held: true, by_name: 'Moira' }]);
  });

  test('is released when Discord says later that the author is a bot', async () => {
    await live.update({ handRemovals: 'HOLD' });
    await live.known(ALICE, { roleIds: [PILOT] });
    await take();
    const entry = hand({ removed: [PILOT], by: { ...OTHER_BOT, name: null, isBot: null } });
    await note(entry);
    expect(await live.hands()).toMatchObject([{ is_held: true }]);
    await live.settleAll();

    await note({ ...entry, by: OTHER_BOT });

    expect(await live.hands()).toMatchObject([{ is_held: false, by_name: 'RoleBot' }]);
    expect(await live.jobs()).toHaveLength(1);
  });

  test('is released when the entry says that a bot did it, and the member is marked', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await hold();
    await take();
    await live.query('delete from reconcile_job');
    const entry = hand({ removed: [PILOT], by: OTHER_BOT });

    await note(entry);

    expect(await live.hands()).toMatchObject([{ is_held: false, by_name: 'RoleBot' }]);
    expect(await live.jobs()).toMatchObject([
      {
        causes: [{ kind: 'DISCORD', id: entry.entryId, actor: 'RoleBot (200000000000000002)' }],
      },
    ]);
  });

  test.each([
    ['a person', MOD, true],
    ['a bot', OTHER_BOT, false],
    ['an unknown author', null, true],
  ])('by %s is judged the same when the entry comes first', async (_, by, isHeld) => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await hold();

    await note(hand({ removed: [PILOT], by }));
    await take();

    expect(await live.hands()).toMatchObject([{ is_given: false, is_held: isHeld, reversals: 1 }]);
  });

  test('is not held when the role is only given, or when the client restores roles', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await take();
    expect(await live.hands()).toMatchObject([{ is_held: false }]);

    await hold();
    await give();

    expect(await live.hands()).toMatchObject([{ is_given: true, is_held: false, reversals: 1 }]);
  });

  test.each(['DISCORD', 'OBSERVE'] as const)(
    'is not held when %s decides about the role, however the news comes',
    async (authority) => {
      await live.known(ALICE, { roleIds: [PILOT, DIRECTOR] });
      await live.update({ handRemovals: 'HOLD', authority });

      await note(hand({ removed: [PILOT] }));
      await take();

      expect(await live.hands()).toMatchObject([
        { role_id: PILOT, is_held: false },
        { role_id: DIRECTOR, is_held: false },
      ]);
    },
  );

  test('ends when a person gives the role back', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await hold();
    await take();

    await give();

    expect(await live.hands()).toMatchObject([{ is_given: true, is_held: false }]);
  });
});

describe('reversals', () => {
  /** Someone takes the role, and the connector gives it back, this many times. */
  async function fight(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      await take();
      await reversed([PILOT]);
    }
  }

  test('are counted in one direction, and the third within ten minutes makes a dispute', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });

    await fight(2);
    expect(await live.hands()).toMatchObject([{ reversals: 2, disputed_since: null }]);

    await fight(1);
    const [disputed] = await live.hands();
    expect(disputed).toMatchObject({ reversals: 3, tries: 0 });
    const waitMs = (disputed?.next_try_at?.getTime() ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThan(9 * 60_000);
    expect(waitMs).toBeLessThanOrEqual(10 * 60_000);
  });

  test('that are more than ten minutes apart make no dispute', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });

    for (let time = 0; time < 5; time += 1) {
      await fight(1);
      await live.query(
        "update hand_change set changed_at = changed_at - interval '6 minutes', reversed_since = reversed_since - interval '6 minutes'",
      );
    }

    expect(await live.hands()).toMatchObject([{ disputed_since: null }]);
  });

  test('of a disputed role double the time until the next try, up to an hour', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await fight(3);
    await live.query('update hand_change set tries = 1');
    const waits: number[] = [];

    for (let time = 0; time < 4; time += 1) {
      await fight(1);
      const [row] = await live.hands();
      waits.push(Math.round(((row?.next_try_at?.getTime() ?? 0) - Date.now()) / 60_000));
    }

    expect(waits).toEqual([20, 40, 60, 60]);
  });

  test('keep the author when the entries come first, and count each change once', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });

    for (let time = 0; time < 3; time += 1) {
      await note(hand({ removed: [PILOT], by: OTHER_BOT }));
      await fight(1);
    }

    const [row] = await live.hands();
    expect(row).toMatchObject({ reversals: 3, by_name: 'RoleBot' });
    expect(row?.disputed_since).not.toBeNull();
  });

  test('are counted by entries too, when their events were not believed', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await fight(1);

    for (let time = 0; time < 2; time += 1) {
      await live.query("update hand_change set changed_at = changed_at - interval '10 seconds'");
      await note(hand({ removed: [PILOT], by: OTHER_BOT }));
    }

    expect(await live.hands()).toMatchObject([{ reversals: 3 }]);
  });

  test('start anew in the other direction', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await fight(3);

    await take();
    await give();

    expect(await live.hands()).toMatchObject([
      { is_given: true, reversals: 1, disputed_since: null, next_try_at: null, tries: 0 },
    ]);
  });
});

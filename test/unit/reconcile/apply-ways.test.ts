import { describe, expect, test } from 'vitest';

import { DIRECTOR, FOREIGN, PILOT, RECRUIT } from '../../builders/member-facts.js';
import type { Reply } from '../../fakes/scripted-discord.js';
import { MEMBER, startOfTest, target } from '../discord/gateway-setup.js';
import { done, limits, member, useApply } from './apply-setup.js';

const { setUp, script, discord, sent, after } = useApply();

const SHARED = { 'retry-after': '5', 'x-ratelimit-scope': 'shared' };

describe('a role change under rate limits', () => {
  test('is made by a whole list, built from a fresh read, if single role calls are spent', async () => {
    const { run } = setUp();
    script({ ...done, ...limits('roles', 0) });
    await run({ remove: [DIRECTOR] });
    script(member([FOREIGN, DIRECTOR]), {
      ...member([FOREIGN, DIRECTOR, PILOT]),
      ...limits('edits', 9),
    });

    const applied = await run({ add: [PILOT] });

    expect(after(1)).toEqual([
      `GET ${MEMBER}`,
      `PATCH ${JSON.stringify({ roles: [FOREIGN, DIRECTOR, PILOT] })}`,
    ]);
    expect(applied).toMatchObject({ added: [PILOT], interruption: null });
  });

  test('is made by a whole list after an unexpected 429', async () => {
    const { run } = setUp();
    script(
      {
        status: 429,
        body: {
          retry_after: 5,
          global: false,
        },
        headers: SHARED,
      },
      member([FOREIGN, DIRECTOR]),
      member([FOREIGN]),
    );

    const applied = await run({ remove: [DIRECTOR] });

    expect(applied).toMatchObject({ removed: [DIRECTOR], interruption: null });
    expect(sent()).toHaveLength(3);
  });

  test('is recorded as ensured, not as made, if the read before the list already shows it', async () => {
    const { run } = setUp();
    script(
      { status: 429, body: { retry_after: 5, global: false }, headers: SHARED },
      member([FOREIGN, PILOT]),
      member([FOREIGN, PILOT]),
    );

    const applied = await run({ add: [PILOT], remove: [DIRECTOR] });

    expect(applied).toMatchObject({
      added: [],
      removed: [],
      ensured: { added: [PILOT], removed: [DIRECTOR] },
      interruption: null,
    });
  });

  test('is made by a whole list if one single call is left for two changes', async () => {
    const { run } = setUp();
    script({ ...done, ...limits('roles', 1) });
    await run({ remove: [RECRUIT] });
    script(member([FOREIGN, DIRECTOR]), member([FOREIGN, PILOT]));

    await run({ add: [PILOT], remove: [DIRECTOR] });

    expect(after(1).map((call) => call.split(' ')[0])).toEqual(['GET', 'PATCH']);
  });

  test('waits for the earlier of the two limits if both are spent, and makes no call', async () => {
    const { run, pass } = setUp();
    script(
      { ...done, ...limits('roles', 0, 9) },
      { ...member([FOREIGN], 'Ada'), ...limits('edits', 0, 4) },
    );
    await run({ remove: [DIRECTOR], nickname: 'Ada' });
    pass(1_000);

    const applied = await run({ add: [PILOT] });

    expect(applied).toMatchObject({
      added: [],
      hasTried: false,
      interruption: {
        name: 'WritesSpentError',
        retryAt: new Date(startOfTest + 4_000),
        openFrom: new Date(startOfTest + 4_000),
      },
    });
    expect(sent()).toHaveLength(2);
  });

  test('counts as not tried if the read before a list is itself rate limited', async () => {
    const { run, pass } = setUp();
    script(
      { ...done, ...limits('roles', 0, 9) },
      { ...member([FOREIGN]), ...limits('reads', 0, 4) },
      member([FOREIGN], 'Ada'),
    );
    await run({ remove: [DIRECTOR] });
    await run({ remove: [DIRECTOR] });
    pass(1_000);

    const applied = await run({ add: [PILOT] });

    expect(applied).toMatchObject({
      added: [],
      hasTried: false,
      interruption: { name: 'WritesSpentError' },
    });
    expect(sent()).toHaveLength(3);
  });

  test('counts as tried if Discord answers both the single call and the list with 429', async () => {
    const { run } = setUp();
    const shared: Reply = {
      status: 429,
      body: { retry_after: 5, global: false },
      headers: { 'retry-after': '5', 'x-ratelimit-scope': 'shared' },
    };
    script(shared, member([FOREIGN, DIRECTOR]), shared);

    const applied = await run({ remove: [DIRECTOR] });

    expect(applied).toMatchObject({
      removed: [],
      hasTried: true,
      interruption: { name: 'WritesSpentError' },
    });
  });

  test('waits for the single calls if whole lists are turned off', async () => {
    const { run } = setUp();
    script({ ...done, ...limits('roles', 0) });
    await run({ remove: [DIRECTOR] });

    const applied = await run({ add: [PILOT], wholeListWrites: false });

    expect(applied.interruption).toMatchObject({
      retryAt: new Date(startOfTest + 9_000),
      openFrom: new Date(startOfTest + 9_000),
    });
    expect(sent()).toHaveLength(1);
  });

  test('is made by single calls while lists are spent, even for three roles', async () => {
    const { run } = setUp();
    script({ ...member([FOREIGN], 'Ada'), ...limits('edits', 0) });
    await run({ nickname: 'Ada' });
    script(done);

    const applied = await run({ add: [PILOT, RECRUIT], remove: [DIRECTOR] });

    expect(after(1)).toEqual([`DELETE ${DIRECTOR}`, `PUT ${PILOT}`, `PUT ${RECRUIT}`]);
    expect(applied.interruption).toBeNull();
  });

  test('uses the last call for a new grant, not for a sweep', async () => {
    const { run } = setUp();
    const calm = { ...target, isUrgent: false };
    script(
      { ...done, ...limits('roles', 1) },
      { ...member([FOREIGN], 'Ada'), ...limits('edits', 0) },
    );
    await run({ remove: [RECRUIT], nickname: 'Ada' });
    script({ ...done, ...limits('roles', 0) });

    const sweep = await run({ remove: [DIRECTOR], target: calm });
    const grant = await run({ add: [PILOT] });

    expect(sweep.interruption).toMatchObject({
      retryAt: new Date(startOfTest + 5_000),
    });
    expect(grant).toMatchObject({ added: [PILOT], interruption: null });
  });

  test('does not count on a last call that another run is using', async () => {
    const { run } = setUp();
    script({ ...done, ...limits('roles', 1) });
    await run({ remove: [RECRUIT] });
    script(
      { ...done, ...limits('roles', 0), manner: 'hold' },
      {
        ...member([FOREIGN, DIRECTOR]),
      },
    );

    const first = run({ add: [PILOT] });
    await expect.poll(() => discord().held()).toBe(1);
    const second = run({ add: [PILOT] });
    await expect.poll(() => discord().requests.length).toBeGreaterThan(2);
    discord().release();
    await Promise.all([first, second]);

    expect(after(1).slice(0, 2)).toEqual([`PUT ${PILOT}`, `GET ${MEMBER}`]);
  });
});

import { describe, expect, test } from 'vitest';

import { DIRECTOR, FOREIGN, PILOT, RECRUIT } from '../../builders/member-facts.js';
import type { Reply } from '../../fakes/scripted-discord.js';
import { MEMBER, startOfTest, target } from '../discord/gateway-setup.js';
import { done, limits, member, useApply } from './apply-setup.js';

const { setUp, script, discord, sent, after } = useApply();

const SHARED = { 'retry-after': '5', 'x-ratelimit-scope': 'shared' };

describe('what Discord does not allow one way', () => {
  test('goes the other: a role by the list, from a read of its own', async () => {
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

  test('goes the other after a refusal that came unforeseen', async () => {
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

  test('claims no change that the reading before the list already showed', async () => {
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

  test('is not begun with one call left for two changes', async () => {
    const { run } = setUp();
    script({ ...done, ...limits('roles', 1) });
    await run({ remove: [RECRUIT] });
    script(member([FOREIGN, DIRECTOR]), member([FOREIGN, PILOT]));

    await run({ add: [PILOT], remove: [DIRECTOR] });

    expect(after(1).map((call) => call.split(' ')[0])).toEqual(['GET', 'PATCH']);
  });

  test('waits for the earlier of the two where both are spent, and asks nothing', async () => {
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

  test('has tried nothing where the read before a list would have come too early', async () => {
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

  test('has tried what Discord itself has put off', async () => {
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

  test('stays as it is where lists are turned off', async () => {
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

  test('three changes go one by one while no list may be written', async () => {
    const { run } = setUp();
    script({ ...member([FOREIGN], 'Ada'), ...limits('edits', 0) });
    await run({ nickname: 'Ada' });
    script(done);

    const applied = await run({ add: [PILOT, RECRUIT], remove: [DIRECTOR] });

    expect(after(1)).toEqual([`DELETE ${DIRECTOR}`, `PUT ${PILOT}`, `PUT ${RECRUIT}`]);
    expect(applied.interruption).toBeNull();
  });

  test('the last call is not for a sweep, but for a fresh grant', async () => {
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

  test('two runs at once do not count on the same last call', async () => {
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

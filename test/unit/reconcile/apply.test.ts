import { describe, expect, test } from 'vitest';

import { DIRECTOR, FOREIGN, PILOT, RECRUIT } from '../../builders/member-facts.js';
import { MEMBER, refusal } from '../discord/gateway-setup.js';
import { done, member, useApply } from './apply-setup.js';

const { setUp, script, sent, after } = useApply();

describe('a nickname', () => {
  test('is set with two role changes in one call, based on a fresh read', async () => {
    const { run } = setUp();
    script(member([FOREIGN, DIRECTOR]), member([FOREIGN, PILOT], 'Ada L'));

    const applied = await run({
      add: [PILOT],
      remove: [DIRECTOR],
      nickname: 'Ada L',
    });

    expect(sent()).toEqual([
      `GET ${MEMBER}`,
      `PATCH ${JSON.stringify({ roles: [FOREIGN, PILOT], nick: 'Ada L' })}`,
    ]);
    expect(applied).toMatchObject({
      added: [PILOT],
      removed: [DIRECTOR],
      nickname: 'SET',
      refused: [],
      interruption: null,
      observed: {
        nickname: 'Ada L',
        roleIds: [FOREIGN, PILOT],
      },
    });
  });

  test('is set alone without a read, and without roles in the call', async () => {
    const { run } = setUp();
    script(member([FOREIGN], 'Ada'));

    const applied = await run({ nickname: 'Ada' });

    expect(sent()).toEqual([`PATCH ${JSON.stringify({ nick: 'Ada' })}`]);
    expect(applied).toMatchObject({ nickname: 'SET', added: [] });
  });

  test('is set in a separate call after a single role, so that no read is needed', async () => {
    const { run } = setUp();
    script(done, member([FOREIGN, DIRECTOR], 'Ada'));

    const applied = await run({ add: [PILOT], nickname: 'Ada' });

    expect(sent()).toEqual([`PUT ${PILOT}`, 'PATCH {"nick":"Ada"}']);
    // Discord's response may date from before the role was added.
    expect(applied.observed).toMatchObject({
      roleIds: [FOREIGN, DIRECTOR, PILOT],
      nickname: 'Ada',
    });
  });

  test.each([
    ['another', 'Bea', 'ALTERED'],
    ['the same except for invisible characters', 'A\u200Bda', 'SET'],
  ])('is SET or ALTERED depending on what Discord shows: %s (%s)', async (_, shown, nickname) => {
    const { run } = setUp();
    script(member([FOREIGN], shown));

    expect(await run({ nickname: 'Ada' })).toMatchObject({ nickname });
  });

  test('counts as set if Discord returns none because the shown name is already the same', async () => {
    const { run } = setUp();
    script(member([FOREIGN], null));

    expect(await run({ nickname: 'Ada' })).toMatchObject({ nickname: 'SET' });
  });

  test('that Discord refuses does not prevent the role changes', async () => {
    const { run, justRead } = setUp();
    script(refusal(403, 50013), done, done, refusal(403, 50013));

    const applied = await run({
      add: [PILOT],
      remove: [DIRECTOR],
      nickname: 'Ada',
      ...justRead(),
    });

    expect(after(1)).toEqual([`DELETE ${DIRECTOR}`, `PUT ${PILOT}`, 'PATCH {"nick":"Ada"}']);
    expect(applied).toMatchObject({
      added: [PILOT],
      removed: [DIRECTOR],
      refused: [],
      nickname: 'REFUSED',
      interruption: null,
    });
  });

  test('is set even if Discord refuses a role in the same run', async () => {
    const { run, justRead } = setUp();
    script(refusal(403, 50013), refusal(403, 50013), done, member([FOREIGN, DIRECTOR], 'Ada'));

    const applied = await run({
      add: [PILOT, RECRUIT],
      nickname: 'Ada',
      ...justRead(),
    });

    expect(applied).toMatchObject({
      added: [RECRUIT],
      refused: [PILOT],
      nickname: 'SET',
    });
  });
});

test('a run that has lost the lease of its bot writes nothing', async () => {
  const { run } = setUp();

  const applied = await run({ add: [PILOT], isLeased: () => false });

  expect(applied.interruption).toMatchObject({ name: 'LeaseLostError' });
  expect(sent()).toEqual([]);
});

test('a whole list that Discord accepts but stores only in part interrupts the run', async () => {
  const { run, justRead } = setUp();
  script(member([FOREIGN, PILOT]));

  const applied = await run({
    add: [PILOT, RECRUIT],
    remove: [DIRECTOR],
    ...justRead(),
  });

  expect(applied).toMatchObject({
    added: [PILOT],
    removed: [DIRECTOR],
    interruption: {
      name: 'UnavailableError',
      message: expect.stringContaining(MEMBER),
    },
  });
});

import { describe, expect, test } from 'vitest';

import { DIRECTOR, FOREIGN, PILOT, RECRUIT } from '../../builders/member-facts.js';
import { MEMBER, refusal } from '../discord/gateway-setup.js';
import { done, member, useApply } from './apply-setup.js';

const { setUp, script, sent, after } = useApply();

describe('a nickname', () => {
  test('goes with two changes of roles in one call, built from a read', async () => {
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

  test('alone needs no read, and leaves the roles out', async () => {
    const { run } = setUp();
    script(member([FOREIGN], 'Ada'));

    const applied = await run({ nickname: 'Ada' });

    expect(sent()).toEqual([`PATCH ${JSON.stringify({ nick: 'Ada' })}`]);
    expect(applied).toMatchObject({ nickname: 'SET', added: [] });
  });

  test('follows one role that was not just read, so that nothing is read', async () => {
    const { run } = setUp();
    script(done, member([FOREIGN, DIRECTOR], 'Ada'));

    const applied = await run({ add: [PILOT], nickname: 'Ada' });

    expect(sent()).toEqual([`PUT ${PILOT}`, 'PATCH {"nick":"Ada"}']);
    // Discord's answer may be from before the role.
    expect(applied.observed).toMatchObject({
      roleIds: [FOREIGN, DIRECTOR, PILOT],
      nickname: 'Ada',
    });
  });

  test.each([
    ['another', 'Bea', 'ALTERED'],
    ['the same but for what cannot be seen', 'A\u200Bda', 'SET'],
  ])('that Discord shows as %s is %s', async (_, shown, nickname) => {
    const { run } = setUp();
    script(member([FOREIGN], shown));

    expect(await run({ nickname: 'Ada' })).toMatchObject({ nickname });
  });

  test('that Discord leaves out because it is the name shown anyway was taken', async () => {
    const { run } = setUp();
    script(member([FOREIGN], null));

    expect(await run({ nickname: 'Ada' })).toMatchObject({ nickname: 'SET' });
  });

  test('that is refused takes no role with it', async () => {
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

  test('is set though a role beside it is refused', async () => {
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

test('nothing is written for a bot that is no longer ours', async () => {
  const { run } = setUp();

  const applied = await run({ add: [PILOT], isLeased: () => false });

  expect(applied.interruption).toMatchObject({ name: 'LeaseLostError' });
  expect(sent()).toEqual([]);
});

test('a list that Discord answered and did not keep breaks the run off', async () => {
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

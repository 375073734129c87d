import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  createApply,
  type Changes,
} from '../../../services/reconcile/apply.js';
import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import {
  DIRECTOR,
  FOREIGN,
  PILOT,
  presentMember,
  RECRUIT,
} from '../../builders/member-facts.js';
import {
  MEMBER,
  refusal,
  setUpGateway,
  startOfTest,
  target,
} from '../discord/gateway-setup.js';

let discord: ScriptedDiscord;
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const member = (roles: readonly string[], nick: string | null = null) => ({
  body: {
    user: {
      id: MEMBER,
      username: 'ada',
      global_name: 'Ada',
    },
    roles,
    nick,
    pending: false,
  },
});

const limits = (bucket: string, remaining: number, resetAfter = 9) => ({
  headers: {
    'x-ratelimit-bucket': bucket,
    'x-ratelimit-limit': '10',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset-after': String(resetAfter),
  },
});

const done: Reply = { status: 204 };

function setUp() {
  const { gateway, advance } = setUpGateway(discord.apiBase);
  let now = startOfTest;
  const apply = createApply({
    discord: gateway,
    writeOutlook: gateway.writeOutlook,
    guildRoles: { goneAmong: async () => () => false },
    clock: () => now,
  });
  const run = (changes: Partial<Changes>) =>
    apply({
      target,
      recordId: 'record-1',
      add: [],
      remove: [],
      nickname: null,
      wholeListWrites: true,
      readAtMs: null,
      isLeased: () => true,
      actual: presentMember({ roleIds: [FOREIGN, DIRECTOR] }),
      ...changes,
    });
  const pass = (ms: number) => {
    now += ms;
    advance(ms);
  };
  return { gateway, run, pass, justRead: () => ({ readAtMs: now }) };
}

/** `PATCH {"nick":"Ada"}`, `DELETE 7000…` */
const sent = () =>
  discord.requests.map(({ method, path, body }) =>
    method === 'PATCH'
      ? `PATCH ${body}`
      : `${method} ${path.split('/').at(-1) ?? ''}`,
  );
const after = (count: number) => sent().slice(count);

describe('a nickname', () => {
  test('goes with two changes of roles in one call, built from a read', async () => {
    const { run } = setUp();
    discord.script(
      member([FOREIGN, DIRECTOR]),
      member([FOREIGN, PILOT], 'Ada L'),
    );

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
    discord.script(member([FOREIGN], 'Ada'));

    const applied = await run({ nickname: 'Ada' });

    expect(sent()).toEqual([`PATCH ${JSON.stringify({ nick: 'Ada' })}`]);
    expect(applied).toMatchObject({ nickname: 'SET', added: [] });
  });

  test('follows one role that was not just read, so that nothing is read', async () => {
    const { run } = setUp();
    discord.script(done, member([FOREIGN, DIRECTOR], 'Ada'));

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
    discord.script(member([FOREIGN], shown));

    expect(await run({ nickname: 'Ada' })).toMatchObject({ nickname });
  });

  test('that Discord leaves out because it is the name shown anyway was taken', async () => {
    const { run } = setUp();
    discord.script(member([FOREIGN], null));

    expect(await run({ nickname: 'Ada' })).toMatchObject({ nickname: 'SET' });
  });

  test('that is refused takes no role with it', async () => {
    const { run, justRead } = setUp();
    discord.script(refusal(403, 50013), done, done, refusal(403, 50013));

    const applied = await run({
      add: [PILOT],
      remove: [DIRECTOR],
      nickname: 'Ada',
      ...justRead(),
    });

    expect(after(1)).toEqual([
      `DELETE ${DIRECTOR}`,
      `PUT ${PILOT}`,
      'PATCH {"nick":"Ada"}',
    ]);
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
    discord.script(
      refusal(403, 50013),
      refusal(403, 50013),
      done,
      member([FOREIGN, DIRECTOR], 'Ada'),
    );

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

describe('what Discord does not allow one way', () => {
  test('goes the other: a role by the list, from a read of its own', async () => {
    const { run } = setUp();
    discord.script({ ...done, ...limits('roles', 0) });
    await run({ remove: [DIRECTOR] });
    discord.script(member([FOREIGN, DIRECTOR]), {
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
    discord.script(
      {
        status: 429,
        body: {
          retry_after: 5,
          global: false,
        },
        headers: {
          'retry-after': '5',
          'x-ratelimit-scope': 'shared',
        },
      },
      member([FOREIGN, DIRECTOR]),
      member([FOREIGN]),
    );

    const applied = await run({ remove: [DIRECTOR] });

    expect(applied).toMatchObject({ removed: [DIRECTOR], interruption: null });
    expect(sent()).toHaveLength(3);
  });

  test('is not begun with one call left for two changes', async () => {
    const { run } = setUp();
    discord.script({ ...done, ...limits('roles', 1) });
    await run({ remove: [RECRUIT] });
    discord.script(member([FOREIGN, DIRECTOR]), member([FOREIGN, PILOT]));

    await run({ add: [PILOT], remove: [DIRECTOR] });

    expect(after(1).map((call) => call.split(' ')[0])).toEqual([
      'GET',
      'PATCH',
    ]);
  });

  test('waits for the earlier of the two where both are spent, and asks nothing', async () => {
    const { run, pass } = setUp();
    discord.script(
      { ...done, ...limits('roles', 0, 9) },
      { ...member([FOREIGN], 'Ada'), ...limits('edits', 0, 4) },
    );
    await run({ remove: [DIRECTOR], nickname: 'Ada' });
    pass(1_000);

    const applied = await run({ add: [PILOT] });

    expect(applied).toMatchObject({
      added: [],
      interruption: {
        name: 'WritesSpentError',
        retryAt: new Date(startOfTest + 4_000),
        openFrom: new Date(startOfTest + 4_000),
      },
    });
    expect(sent()).toHaveLength(2);
  });

  test('stays as it is where lists are turned off', async () => {
    const { run } = setUp();
    discord.script({ ...done, ...limits('roles', 0) });
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
    discord.script({ ...member([FOREIGN], 'Ada'), ...limits('edits', 0) });
    await run({ nickname: 'Ada' });
    discord.script(done);

    const applied = await run({ add: [PILOT, RECRUIT], remove: [DIRECTOR] });

    expect(after(1)).toEqual([
      `DELETE ${DIRECTOR}`,
      `PUT ${PILOT}`,
      `PUT ${RECRUIT}`,
    ]);
    expect(applied.interruption).toBeNull();
  });

  test('the last call is not for a sweep, but for a fresh grant', async () => {
    const { run } = setUp();
    const calm = { ...target, isUrgent: false };
    discord.script(
      { ...done, ...limits('roles', 1) },
      { ...member([FOREIGN], 'Ada'), ...limits('edits', 0) },
    );
    await run({ remove: [RECRUIT], nickname: 'Ada' });
    discord.script({ ...done, ...limits('roles', 0) });

    const sweep = await run({ remove: [DIRECTOR], target: calm });
    const grant = await run({ add: [PILOT] });

    expect(sweep.interruption).toMatchObject({
      retryAt: new Date(startOfTest + 5_000),
    });
    expect(grant).toMatchObject({ added: [PILOT], interruption: null });
  });

  test('two runs at once do not count on the same last call', async () => {
    const { run } = setUp();
    discord.script({ ...done, ...limits('roles', 1) });
    await run({ remove: [RECRUIT] });
    discord.script(
      { ...done, ...limits('roles', 0), manner: 'hold' },
      {
        ...member([FOREIGN, DIRECTOR]),
      },
    );

    const first = run({ add: [PILOT] });
    await expect.poll(() => discord.held()).toBe(1);
    const second = run({ add: [PILOT] });
    await expect.poll(() => discord.requests.length).toBeGreaterThan(2);
    discord.release();
    await Promise.all([first, second]);

    expect(after(1).slice(0, 2)).toEqual([`PUT ${PILOT}`, `GET ${MEMBER}`]);
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
  discord.script(member([FOREIGN, PILOT]));

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

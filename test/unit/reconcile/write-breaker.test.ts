import { describe, expect, test } from 'vitest';

import { TerminalError, UnavailableError } from '../../../services/lib/errors.js';
import { createInterruptions } from '../../../services/reconcile/settle/interruptions.js';
import type { Job } from '../../../services/reconcile/job.js';
import type { ClientTrouble, DiscordMembers, Memory } from '../../../services/reconcile/ports.js';
import { NOTHING_DONE, type Settlement } from '../../../services/reconcile/write/records.js';
import { createBreaker } from '../../../services/reconcile/write/write-breaker.js';
import { presentMember } from '../../builders/member-facts.js';
import { NOTHING_SETTLED } from '../../../services/reconcile/settle/settlement.js';
import { listeningLogger, target } from '../discord/gateway-setup.js';

const job: Job = {
  clientId: target.clientId,
  discordUserId: target.discordUserId,
  version: 1,
  lane: 20,
  attempts: 0,
  lateCauses: 0,
  causes: [],
};

/**
 * A guild behind the breaker. The test sets its responses, and can read the effects on the client.
 */
function setUp() {
  let now = 0;
  let sent = 0;
  let answer: Error | null = null;
  const reply = async <T>(body: T): Promise<T> => {
    sent += 1;
    if (answer !== null) throw answer;
    return body;
  };
  const discord: DiscordMembers = {
    readMember: () => reply({ isPresent: true, ...presentMember() }),
    addRole: () => reply(undefined),
    removeRole: () => reply(undefined),
    editMember: () => reply(null),
    readRoles: () => reply({ ownerId: null, roles: [] }),
    joinMember: () => reply({ kind: 'alreadyMember' }),
  };
  const troubles: ClientTrouble[] = [];
  const settlements: Settlement[] = [];
  const unused = () => Promise.reject(new Error('not asked for here'));
  const memory: Memory = {
    readMember: unused,
    openRecord: unused,
    saveRoles: unused,
    async saveTrouble(_, trouble) {
      troubles.push(trouble);
    },
    async settle(_, settlement) {
      settlements.push(settlement);
      return [];
    },
    postpone: async () => undefined,
  };

  const logs: Record<string, unknown>[] = [];
  const breaker = createBreaker({ clock: () => now });
  const guarded = breaker.guard(discord);
  const watched = breaker.watch(memory);
  const interruptions = createInterruptions({
    memory: watched,
    clock: () => now,
    random: () => 0,
    logger: listeningLogger(logs),
    retry: {
      baseMs: 1,
      maxMs: 1,
    },
  });

  /** Makes one call in a separate run, and returns its outcome. */
  const run = async (of = { ...target }): Promise<string> => {
    now += 1_000;
    const write = { member: of, roleId: '1', reason: 'r' };
    const failure: unknown = await guarded.addRole(write).then(
      () => null,
      (error: unknown) => error,
    );
    if (failure === null) return 'done';
    const code = failure instanceof TerminalError ? failure.code : 'OTHER';
    if (code === 'UNHEALTHY')
      await interruptions.handleError(job, {
        error: failure,
        unfinished: NOTHING_DONE,
        inWords: (text) => text,
      });
    return code;
  };
  const runs = async (count: number) => {
    const codes: string[] = [];
    while (codes.length < count) codes.push(await run());
    return codes;
  };
  const refuse = (code: string | null) =>
    void (answer = code === null ? null : new TerminalError(code, 'no'));
  const settle = () => watched.settle(job, { ...NOTHING_SETTLED, clearsTrouble: true });
  return {
    guarded,
    run,
    runs,
    refuse,
    settle,
    troubles,
    settlements,
    logs,
    fail: (error: Error) => void (answer = error),
    sent: () => sent,
    levels: () => logs.map(({ level }) => level),
  };
}

describe('a guild that refuses', () => {
  test('more than a fifth of ten calls is paused, with the numbers in the reason', async () => {
    const { runs, refuse, troubles } = setUp();
    await runs(7);
    refuse('MISSING_PERMISSION');

    expect(await runs(3)).toEqual(['MISSING_PERMISSION', 'MISSING_PERMISSION', 'UNHEALTHY']);

    expect(troubles).toEqual([
      {
        kind: 'PAUSED',
        reason: `guild ${target.guildId} has refused 3 of the last 10 calls; the last time: no`,
        trip: 1,
        // The refusals of this member may have been caused by the guild.
        tryAgain: [target.discordUserId],
      },
    ]);
  });

  test('and then recovers causes a retry of the members it refused during probation', async () => {
    const { run, runs, refuse, settle, settlements } = setUp();
    refuse('MISSING_PERMISSION');
    await runs(10);
    const late = { ...target, discordUserId: '700000000000000008' };

    expect(await run(late)).toBe('MISSING_PERMISSION');
    refuse(null);
    await runs(9);
    await settle();
    await settle();

    expect(settlements.map(({ tryAgain }) => tryAgain)).toEqual([[late.discordUserId], []]);
  });

  test('one call among many is not paused', async () => {
    const { run, runs, refuse, troubles } = setUp();
    await runs(20);
    refuse('MISSING_PERMISSION');
    await run();
    refuse(null);

    expect(await runs(10)).toEqual(Array(10).fill('done'));
    expect(troubles).toEqual([]);
  });

  test.each(['UNKNOWN_MEMBER', 'UNKNOWN_ROLE'])(
    'calls only for members or roles that are gone (%s) is not paused',
    async (code) => {
      const { runs, refuse, troubles } = setUp();
      refuse(code);

      await runs(30);

      expect(troubles).toEqual([]);
    },
  );

  test('nothing because it does not answer is not paused', async () => {
    const { runs, fail, troubles } = setUp();
    fail(new UnavailableError('away'));

    await runs(30);

    expect(troubles).toEqual([]);
  });

  test('calls with UNKNOWN_GUILD keeps that error code', async () => {
    const { runs, refuse } = setUp();
    refuse('UNKNOWN_GUILD');

    expect((await runs(10)).at(-1)).toBe('UNKNOWN_GUILD');
  });

  test('calls for a long time is logged as an error once, then as warnings', async () => {
    const { runs, refuse, troubles, levels } = setUp();
    refuse('MISSING_PERMISSION');

    await runs(50);

    expect(troubles).toHaveLength(5);
    expect(levels()).toEqual(['error', 'warn', 'warn', 'warn', 'warn']);
  });

  test('calls again after it was healthy is logged as an error again', async () => {
    const { runs, refuse, levels } = setUp();
    refuse('MISSING_PERMISSION');
    await runs(10);
    refuse(null);
    await runs(10);
    refuse('MISSING_PERMISSION');

    await runs(3);

    expect(levels()).toEqual(['error', 'error']);
  });
});

describe('after the pause', () => {
  test('the client’s trouble is not cleared until ten calls succeed', async () => {
    const { runs, refuse, settle, settlements } = setUp();
    refuse('MISSING_PERMISSION');
    await runs(10);
    refuse(null);

    await runs(9);
    await settle();
    await runs(1);
    await settle();

    expect(settlements.map(({ clearsTrouble }) => clearsTrouble)).toEqual([false, true]);
  });

  test('a run that began before the pause makes no further call, and does not count', async () => {
    const { guarded, run, runs, refuse, sent } = setUp();
    const old = { ...target };
    await guarded.readMember(old);
    refuse('MISSING_PERMISSION');
    await runs(9);
    const before = sent();

    expect(await run(old)).toBe('UNHEALTHY');
    refuse(null);

    expect(sent()).toBe(before);
    expect(await runs(10)).toEqual(Array(10).fill('done'));
  });

  test('new credentials clear the trouble at once', async () => {
    const { run, runs, refuse, settle, settlements } = setUp();
    refuse('MISSING_PERMISSION');
    await runs(10);
    refuse(null);

    await run({ ...target, revision: 'second' });
    await settle();

    expect(settlements.at(-1)?.clearsTrouble).toBe(true);
  });
});

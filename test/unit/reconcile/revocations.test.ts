import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import {
  DatabaseUnavailableError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../../../services/lib/errors.js';
import type { Part } from '../../../services/lib/lifecycle.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { createRevocationWorker } from '../../../services/reconcile/join/revocations.js';
import type { DueRevocation } from '../../../services/reconcile/join/ports.js';

const POLL_MS = 30_000;
const application = {
  clientId: 'client-1',
  applicationId: '1',
  clientSecret: 'secret',
  authorizeUrl: 'http://127.0.0.1:1/a',
  tokenUrl: 'http://127.0.0.1:1/t',
  revokeUrl: 'http://127.0.0.1:1/r',
  apiBase: 'http://127.0.0.1:1/api',
};

/** The due revocations of the next rounds; then nothing is due. */
let rounds: DueRevocation[][];
let nextDueAt: Date | null;
let shared: ReadonlySet<string>;
let owners: ReadonlyMap<string, string>;
let refusal: Error | null;
let isAway: boolean;
let isSigningIn: boolean;
let waits: unknown[];
let claims: number;
let revoked: string[];
let postponed: string[];
let forgotten: string[];
let asked: string[];
let errors: unknown[];
let wake: () => void;
let part: Part;

beforeEach(() => {
  vi.useFakeTimers();
  rounds = [];
  nextDueAt = null;
  shared = new Set();
  owners = new Map();
  refusal = null;
  isAway = false;
  isSigningIn = false;
  waits = [];
  claims = 0;
  revoked = [];
  postponed = [];
  forgotten = [];
  asked = [];
  errors = [];
  part = createRevocationWorker({
    table: {
      async claimDue() {
        claims += 1;
        if (isAway) throw new Error('database unreachable');
        return rounds.shift() ?? [];
      },
      findUse: async (id, discordUserId) => {
        if (isSigningIn) return 'SIGNING_IN';
        return shared.has(`${id} ${discordUserId}`) ? 'IN_USE' : 'NONE';
      },
      wait: async (id, waitMs) => void waits.push([id, waitMs]),
      postpone: async (id) => void postponed.push(id),
      forget: async (id) => void forgotten.push(id),
      nextDueAt: async () => nextDueAt,
      async onAdded(listener) {
        wake = listener;
        return async () => undefined;
      },
    },
    oauth: {
      async readAccount(_application, accessToken) {
        asked.push(accessToken);
        const discordUserId = owners.get(accessToken);
        if (discordUserId === undefined) throw new TerminalError('INVALID_GRANT', 'dead');
        return { discordUserId };
      },
      async revoke(_application, token) {
        if (refusal !== null) throw refusal;
        revoked.push(token);
      },
    },
    clock: Date.now,
    logger: Object.assign(Object.create(silentLogger), {
      error: (fields: unknown) => errors.push(fields),
    }),
    pollMs: POLL_MS,
  });
});

afterEach(async () => {
  await part.stop();
  vi.useRealTimers();
});

function due(id: string, given: Partial<DueRevocation> = {}): DueRevocation {
  return {
    id,
    clientId: 'client-1',
    discordUserId: '7',
    attempts: 1,
    unlock: () => ({
      application,
      accessToken: `access ${id}`,
      refreshToken: `refresh ${id}`,
    }),
    ...given,
  };
}

async function revoke(...those: DueRevocation[]): Promise<void> {
  rounds = [those];
  await part.start();
  await vi.advanceTimersByTimeAsync(0);
}

describe('while the person signs in again', () => {
  test('a grant waits for ten seconds, as revoking it would end the new one', async () => {
    isSigningIn = true;

    await revoke(due('one'), due('two', { attempts: 11 }));

    expect(waits).toEqual([
      ['one', 10_000],
      ['two', 10_000],
    ]);
    expect(revoked).toEqual([]);
    expect(forgotten).toEqual([]);
  });

  test('a grant waits for no longer than two minutes', async () => {
    isSigningIn = true;

    await revoke(due('one', { attempts: 12 }));

    expect(revoked).toEqual(['refresh one']);
    expect(forgotten).toEqual(['one']);
  });
});

describe('a discarded grant', () => {
  test('is revoked with its longest-lived token, and forgotten', async () => {
    await revoke(
      due('a'),
      due('b', {
        unlock: () => ({
          application,
          accessToken: 'access b',
          refreshToken: null,
        }),
      }),
    );

    expect(revoked).toEqual(['refresh a', 'access b']);
    expect(forgotten).toEqual(['a', 'b']);
    expect(asked).toEqual([]);
  });

  test('is forgotten without a call if another client uses it', async () => {
    shared = new Set(['a 7']);

    await revoke(due('a'));

    expect(revoked).toEqual([]);
    expect(forgotten).toEqual(['a']);
  });

  test('of an unknown account is looked up first, and not revoked if another client uses it', async () => {
    owners = new Map([['access a', '9']]);
    shared = new Set(['a 9']);

    await revoke(due('a', { discordUserId: null }));

    expect(asked).toEqual(['access a']);
    expect(revoked).toEqual([]);
    expect(forgotten).toEqual(['a']);
  });

  test('of an account that Discord does not name is revoked', async () => {
    await revoke(due('a', { discordUserId: null }));

    expect(revoked).toEqual(['refresh a']);
  });
});

describe('a grant that cannot be revoked', () => {
  test.each([
    { error: new RetryLaterError(new Date(), 'wait'), attempts: 99 },
    { error: new UnavailableError('away'), attempts: 99 },
    { error: new TerminalError('INVALID_CLIENT', 'secret'), attempts: 14 },
  ])(
    '($error.name, tried $attempts times) is postponed and not forgotten',
    async ({ error, attempts }) => {
      refusal = error;

      await revoke(due('a', { attempts }));

      expect(postponed).toEqual(['a']);
      expect(forgotten).toEqual([]);
      expect(errors).toEqual([]);
    },
  );

  test('is forgotten after fifteen refusals, with an error in the log', async () => {
    refusal = new TerminalError('INVALID_CLIENT', 'secret');

    await revoke(due('a', { attempts: 15 }));

    expect(forgotten).toEqual(['a']);
    expect(errors).toMatchObject([{ clientId: 'client-1', attempts: 15 }]);
    expect(JSON.stringify(errors)).not.toContain('refresh a');
  });

  test('because the database is unreachable is retried two seconds later, without being postponed', async () => {
    refusal = new DatabaseUnavailableError('away');
    await revoke(due('a'), due('b'));
    refusal = null;
    rounds = [[due('a'), due('b')]];

    await vi.advanceTimersByTimeAsync(2_000);

    expect(postponed).toEqual([]);
    expect(revoked).toEqual(['refresh a', 'refresh b']);
  });

  test('because its encryption key is gone waits, and the others continue', async () => {
    const unlock = () => {
      throw new Error('the key is not among ENCRYPTION_KEYS');
    };

    await revoke(due('a', { unlock, attempts: 99 }), due('b'));

    expect(revoked).toEqual(['refresh b']);
    expect(forgotten).toEqual(['b']);
  });
});

describe('the worker', () => {
  test('checks again when a revocation is added', async () => {
    await revoke();
    rounds = [[due('a')]];

    wake();
    await vi.advanceTimersByTimeAsync(0);

    expect(revoked).toEqual(['refresh a']);
  });

  test('checks again when the next revocation is due, and not before', async () => {
    nextDueAt = new Date(Date.now() + 5_000);
    await revoke();
    rounds = [[due('a')]];

    await vi.advanceTimersByTimeAsync(4_900);
    expect(revoked).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);

    expect(revoked).toEqual(['refresh a']);
  });

  test('checks again after a while without a notification', async () => {
    await revoke();
    rounds = [[due('a')]];

    await vi.advanceTimersByTimeAsync(POLL_MS);

    expect(revoked).toEqual(['refresh a']);
  });

  test('does not spin when the database’s clock is behind', async () => {
    nextDueAt = new Date(Date.now() - 5_000);
    await revoke();

    await vi.advanceTimersByTimeAsync(1_000);

    expect(claims).toBeLessThanOrEqual(11);
  });

  test('continues after the database was unreachable', async () => {
    isAway = true;
    await revoke(due('a'));
    isAway = false;

    await vi.advanceTimersByTimeAsync(POLL_MS);

    expect(revoked).toEqual(['refresh a']);
  });

  test('makes no call after it was stopped', async () => {
    await revoke();
    await part.stop();
    rounds = [[due('a')]];

    wake();
    await vi.advanceTimersByTimeAsync(POLL_MS);

    expect(revoked).toEqual([]);
  });
});

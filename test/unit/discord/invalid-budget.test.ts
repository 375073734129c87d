import { describe, expect, it } from 'vitest';

import { createInvalidBudget } from '../../../services/discord/limits/invalid-budget.js';
import { listeningLogger } from './gateway-setup.js';

const MINUTE = 60_000;

const setUp = (limit = 10) => {
  let now = 0;
  const logs: Record<string, unknown>[] = [];
  const logger = listeningLogger(logs);
  const budget = createInvalidBudget({ clock: () => now, logger, limit });
  const spend = (times: number) => {
    for (let i = 0; i < times; i++) budget.note({ status: 403, scope: null });
  };
  return { budget, logs, spend, advance: (ms: number) => void (now += ms) };
};

describe('the budget of invalid requests', () => {
  it.each([
    [401, null, true],
    [403, null, true],
    [429, 'user', true],
    [429, 'global', true],
    [429, null, true],
    [429, 'shared', false],
    [200, null, false],
    [404, null, false],
    [500, null, false],
  ])('counts status %s of scope %s: %s', (status, scope, isCounted) => {
    const { budget } = setUp();

    expect(budget.note({ status, scope })).toBe(isCounted);
    expect(budget.state().spent).toBe(isCounted ? 1 : 0);
  });

  it('forgets requests older than ten minutes', () => {
    const { budget, spend, advance } = setUp();
    spend(3);
    advance(5 * MINUTE);
    spend(2);

    advance(5 * MINUTE);

    expect(budget.state().spent).toBe(2);
  });

  it('blocks when it is spent, until a tenth of it is free again', () => {
    const { budget, spend, advance } = setUp();
    spend(1);
    advance(2 * MINUTE);
    spend(9);
    expect(budget.state().blockedUntil).toEqual(new Date(10 * MINUTE));

    advance(8 * MINUTE);

    expect(budget.state()).toEqual({ spent: 9, limit: 10, blockedUntil: null });
  });

  it('logs once that it is spent and once that it has recovered', () => {
    const { budget, logs, spend, advance } = setUp();
    spend(12);
    budget.state();
    const told = () =>
      logs
        .filter(({ fields }) => JSON.stringify(fields).includes('"all"'))
        .map(({ level }) => level);
    expect(told()).toEqual(['error']);

    advance(10 * MINUTE);
    budget.state();
    budget.state();

    expect(told()).toEqual(['error', 'info']);
  });

  it('can be spent a second time', () => {
    const { budget, spend, advance } = setUp();
    spend(10);
    advance(10 * MINUTE);
    expect(budget.state().blockedUntil).toBeNull();

    spend(10);

    expect(budget.state().blockedUntil).toEqual(new Date(20 * MINUTE));
  });

  it('works with a budget of one', () => {
    const { budget, spend, advance } = setUp(1);
    spend(1);
    expect(budget.state().blockedUntil).toEqual(new Date(10 * MINUTE));

    advance(10 * MINUTE);

    expect(budget.state().blockedUntil).toBeNull();
  });
});

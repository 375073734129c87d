import { describe, expect, test } from 'vitest';

import {
  afterAnswer,
  afterPause,
  sumSlices,
  HEALTHY,
  type Health,
} from '../../../services/reconcile/guard/breaker.js';

/** One answer per second: R is a refusal, any other character is not. */
function after(answers: string, start: Health = HEALTHY, fromMs = 0): Health {
  return Array.from(answers).reduce(
    (health, answer, index) => afterAnswer(health, answer === 'R', fromMs + index * 1_000),
    start,
  );
}

const probation = afterPause(after('RRRRRRRRRR')) ?? HEALTHY;

describe('the breaker', () => {
  test.each([
    ['nothing for 9 refusals of 9', 'RRRRRRRRR', 'HEALTHY'],
    ['nothing for 2 of 10', '........RR', 'HEALTHY'],
    ['a trip for 3 of 10', '.......RRR', 'TRIPPED'],
    ['a trip for 3 of 10 in any order', 'RRR.......', 'TRIPPED'],
    ['nothing for one among many', `${'.'.repeat(30)}R`, 'HEALTHY'],
    ['nothing for a fifth of 20', `${'.'.repeat(16)}RRRR`, 'HEALTHY'],
    ['a trip for more than a fifth of 20', `${'.'.repeat(15)}RRRRR`, 'TRIPPED'],
  ])('reports %s', (_, answers, state) => {
    expect(after(answers).state).toBe(state);
  });

  test('forgets answers that are ten minutes old', () => {
    const old = after('RR........');

    const later = afterAnswer(old, true, 620_000);

    expect(sumSlices(later)).toEqual({ answers: 1, refusals: 1 });
  });

  test('keeps answers of the last ten minutes', () => {
    const early = after('RR.......');

    expect(afterAnswer(early, true, 590_000).state).toBe('TRIPPED');
  });

  test('starts again on probation, without history, after a pause', () => {
    expect(probation).toEqual({ state: 'PROBATION', slices: [] });
    expect(afterPause(HEALTHY)).toBeNull();
    expect(afterPause(probation)).toBeNull();
  });

  test.each([
    ['not before ten answers', '.........', 'PROBATION'],
    ['after ten good ones', '..........', 'HEALTHY'],
    ['after ten with two refusals', 'RR........', 'HEALTHY'],
    ['not after ten with three', 'RRR.......', 'TRIPPED'],
    ['and not condemned by nine refusals', 'RRRRRRRRR', 'PROBATION'],
  ])('judges the probation: %s', (_, answers, state) => {
    expect(after(answers, probation).state).toBe(state);
  });
});

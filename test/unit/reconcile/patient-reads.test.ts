import { describe, expect, test } from 'vitest';

import { RetryLaterError, UnsentError } from '../../../services/lib/errors.js';
import { withPatientReads } from '../../../services/reconcile/patient-reads.js';
import { target } from '../discord/gateway-setup.js';

const START = Date.parse('2026-03-01T12:00:00Z');

/** Each read gets the next of `answers`; waiting advances the clock. */
function reads(...answers: (Error | 'absent')[]) {
  let nowMs = START;
  const waits: number[] = [];
  const unused = () => Promise.reject(new Error('not asked for here'));
  const discord = {
    async readMember() {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return { isPresent: false } as const;
    },
    addRole: unused,
    removeRole: unused,
    editMember: unused,
    readRoles: unused,
    joinMember: unused,
  };
  const patient = withPatientReads(discord, {
    clock: () => nowMs,
    async sleep(ms) {
      waits.push(ms);
      nowMs += ms;
    },
  });
  return { read: () => patient.readMember(target), waits };
}
const delayed = (ms: number) => new UnsentError(new Date(START + ms), 'read limit');

describe('a member read', () => {
  test('waits until the read limit allows it', async () => {
    const { read, waits } = reads(delayed(400), delayed(1_400), 'absent');

    expect(await read()).toEqual({ isPresent: false });
    expect(waits).toEqual([400, 1_000]);
  });

  test('ends the run at once when the wait is longer than two seconds', async () => {
    const { read, waits } = reads(delayed(2_001));

    await expect(read()).rejects.toThrow('read limit');
    expect(waits).toEqual([]);
  });

  test('ends the run after two seconds without success', async () => {
    const { read, waits } = reads(delayed(1_500), delayed(2_000), delayed(3_000));

    await expect(read()).rejects.toThrow('read limit');
    expect(waits).toEqual([1_500, 500]);
  });

  test('does not spin on a retry time in the past', async () => {
    const { read, waits } = reads(delayed(-1_000), 'absent');

    await read();
    expect(waits).toEqual([10]);
  });

  test('does not wait for errors from Discord', async () => {
    const { read, waits } = reads(
      new RetryLaterError(new Date(START + 100), 'Discord asks to wait'),
    );

    await expect(read()).rejects.toThrow('Discord asks to wait');
    expect(waits).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';

import { roleChange } from '../../builders/role-history.js';
import { explain } from './explain-world.js';

const forgottenBefore = new Date('2025-10-19T03:00:00Z');
const WORDS =
  'No record shows when this last changed: records from before 2025-10-19 03:00:00 UTC have been deleted.';

describe('a role whose change has no record', () => {
  test('says from when on records are kept, where the link is older', () => {
    const { sentence } = explain({
      isHeld: true,
      history: { forgottenBefore },
    });

    expect(sentence).toContain(WORDS);
  });

  test('says nothing of records while all since the link was made are kept', () => {
    expect(explain({ isHeld: true }).sentence).not.toContain('No record');
  });

  test('names the record where there is one', () => {
    const { sentence } = explain({
      isHeld: true,
      history: { forgottenBefore, lastChange: roleChange() },
    });

    expect(sentence).not.toContain('No record');
  });

  test('is silent about roles that no mapping names: nothing was ever done about them', () => {
    const { sentence } = explain({
      isHeld: true,
      mappings: [],
      history: { forgottenBefore },
    });

    expect(sentence).not.toContain('No record');
  });
});

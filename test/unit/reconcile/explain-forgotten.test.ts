import { describe, expect, test } from 'vitest';

import { roleChange } from '../../builders/role-history.js';
import { explain } from './explain-world.js';

const forgottenBefore = new Date('2025-10-19T03:00:00Z');
const WORDS =
  'No record shows when this last changed: records from before 2025-10-19 03:00:00 UTC have been deleted.';

describe('the explanation of a role', () => {
  test('says which records have been deleted if the last change has no record', () => {
    const { sentence } = explain({
      isHeld: true,
      history: { forgottenBefore },
    });

    expect(sentence).toContain(WORDS);
  });

  test('does not mention records while none have been deleted', () => {
    expect(explain({ isHeld: true }).sentence).not.toContain('No record');
  });

  test('does not mention deleted records if the last change has a record', () => {
    const { sentence } = explain({
      isHeld: true,
      history: { forgottenBefore, lastChange: roleChange() },
    });

    expect(sentence).not.toContain('No record');
  });

  test('does not mention records of a role that no mapping names, because the connector never changed it', () => {
    const { sentence } = explain({
      isHeld: true,
      mappings: [],
      history: { forgottenBefore },
    });

    expect(sentence).not.toContain('No record');
  });
});

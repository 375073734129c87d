import { vi } from 'vitest';

import { patienceMs } from './eventually.js';

/**
 * Waits until every expectation in `check` holds; fails after the tests' deadline with the
 * expectation that did not.
 */
export async function soon(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: patienceMs(), interval: 20 });
}

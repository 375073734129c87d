import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends every run with one plain line, `12 passed, 0 failed, 3 skipped`, for scripts that read runs.
 * A failure outside of a test (a file that does not load, an unhandled rejection) counts as failed,
 * so that no broken run reads like a passed one.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // Pending at the end: the run was interrupted.
        count[state === 'pending' ? 'failed' : state] += 1;
        if (test.diagnostic()?.flaky === true)
          console.log(`passed at the second try: ${test.fullName}`);
      }
      count.failed += module.errors().length;
      for (const suite of module.children.allSuites()) {
        count.failed += suite.errors().length;
      }
    }
    const { passed, failed, skipped } = count;
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}

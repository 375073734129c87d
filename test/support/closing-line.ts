import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends every run with one plain line, `12 passed, 0 failed, 3 skipped`, for whoever reads runs by
 * machine. What broke outside of a test (a file that does not load, a stray rejection) counts as
 * failed: no broken run may read like a whole one.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // Pending at the end of the run: it was cut short.
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

import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

import { patienceMs, TEST_LIMIT_MS } from './test/support/eventually.js';

// vite would load graphql's ESM copy while external packages load the CommonJS one.
const oneGraphql = { find: /^graphql$/, replacement: 'graphql/index.js' };

// Tests take the sandbox Discord from its source: nothing to build, nothing out of date.
const sandboxSource = {
  find: /^sandbox-discord$/,
  replacement: join(import.meta.dirname, 'packages/sandbox-discord/src/sandbox-discord.ts'),
};

/**
 * Real processes, brokers and browsers on a machine that may stand still for seconds: where nobody watches, a failure is looked at
 * twice. What then passes is named at the end of the run.
 */
const isUnattended = process.env['CI'] === 'true';

const project = (
  name: string,
  globalSetup: string[] = [],
  { folder = `test/${name}`, isolate = globalSetup.length > 0 } = {},
) => ({
  resolve: { alias: [oneGraphql, sandboxSource] },
  test: {
    name,
    include: [`${folder}/**/*.test.ts`],
    globalSetup,
    retry: isUnattended && globalSetup.length > 0 ? 1 : 0,
    // False: a worker keeps its loaded modules for the next file. Only for tests that leave no state
    // in their process.
    isolate,
    testTimeout: TEST_LIMIT_MS,
    hookTimeout: TEST_LIMIT_MS,
    expect: { poll: { timeout: patienceMs() } },
  },
});

const database = './test/support/postgres.setup.ts';
const broker = './test/support/broker.setup.ts';
const browser = './test/support/browser.setup.ts';

export default defineConfig({
  test: {
    // Tests spend a third of their time waiting for leases, rate limits, brokers and browsers, so
    // four files at a time keep two cores busy.
    maxWorkers: Math.min(8, availableParallelism() * 2),
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      project('unit'),
      project('sandbox-discord', [], { folder: 'packages/sandbox-discord/test' }),
      project('db', [database], { isolate: false }),
      project('broker', [database, broker]),
      project('chaos', [database, broker]),
      project('flow', [database, broker]),
      project('browser', [database, browser]),
    ],
  },
});

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

const project = (name: string, globalSetup: string[] = [], folder = `test/${name}`) => ({
  resolve: { alias: [oneGraphql, sandboxSource] },
  test: {
    name,
    include: [`${folder}/**/*.test.ts`],
    globalSetup,
    retry: isUnattended && globalSetup.length > 0 ? 1 : 0,
    // Where nothing outside is touched, nothing is left behind: a worker may go on with the next file.
    isolate: globalSetup.length > 0,
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
    // Much of the time goes into waiting for databases, brokers and browsers: three files at a time keep two cores busy.
    maxWorkers: Math.min(8, Math.ceil(availableParallelism() * 1.5)),
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      project('unit'),
      project('sandbox-discord', [], 'packages/sandbox-discord/test'),
      project('db', [database]),
      project('broker', [database, broker]),
      project('chaos', [database, broker]),
      project('flow', [database, broker]),
      project('browser', [database, browser]),
    ],
  },
});

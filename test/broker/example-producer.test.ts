import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, describe, expect, test } from 'vitest';

import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import { soon } from '../support/soon.js';
import { createCleanup, createPort, createTopic, startReader } from './events-setting.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

describe.skipIf(!hasKafka())('the example producer', () => {
  test('sends events that the connector understands', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('platform.events');
    const port = createPort(brokers, cleanup);
    await createTopic(brokers, topic);
    const { PATH = '' } = process.env;
    const example = (...words: readonly string[]) =>
      run('npx', ['tsx', 'examples/producer/main.ts', ...words], {
        cwd: ROOT,
        env: { PATH, KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic },
      });

    await example('added', 'alice', 'pilots');
    await example('snapshot', 'alice');
    const { facts } = await startReader({ port, topic }, cleanup);

    await soon(() =>
      expect(facts).toMatchObject([
        {
          kind: 'membershipChanged',
          platformUserId: 'alice',
          groupId: 'pilots',
          change: 'added',
        },
        { kind: 'membershipSnapshot', platformUserId: 'alice', groupIds: [] },
      ]),
    );
  });
});

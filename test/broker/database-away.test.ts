import { afterEach, describe, expect, test } from 'vitest';

import { APPLIED } from '../builders/fact-outcomes.js';
import { UnavailableError } from '../../services/lib/errors.js';
import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import { soon } from '../support/soon.js';
import {
  createCleanup,
  createPort,
  createTopic,
  numbered,
  produceUsers,
  ready,
  startReader,
  usersOf,
} from './events-setting.js';
import { watchGroup } from './group-watch.js';

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

const SESSION = { sessionTimeoutMs: 1_000, heartbeatMs: 100, fetchWaitMs: 50 };

describe.skipIf(!hasKafka())('a database outage', () => {
  test('longer than the group’s session timeout commits nothing, keeps the member in the group, and applies every event once afterwards', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('platform.events');
    const groupId = uniqueName('group');
    await createTopic(brokers, topic);
    const users = numbered('u', 700);
    await produceUsers(brokers, topic, users);
    const group = await watchGroup(brokers, { topic, groupId }, cleanup);
    const tried: string[][] = [];
    const applied: string[] = [];
    let isAway = true;

    const reader = await startReader(
      {
        port: createPort(brokers, cleanup, SESSION),
        topic,
        groupId,
        applyFacts: async (facts) => {
          if (isAway) {
            tried.push([...usersOf(facts)]);
            throw new UnavailableError('no database');
          }
          applied.push(...usersOf(facts));
          return facts.map(() => APPLIED);
        },
      },
      cleanup,
    );
    await soon(() => expect(tried.length).toBeGreaterThan(0));
    const [member] = await group.members();
    // each attempt waits at least 50 ms before the next: together longer than three session
    // timeouts
    await soon(() => expect(tried.length).toBeGreaterThan(60));

    expect(reader.consumer.ready()).toEqual({
      ok: false,
      reason: 'applying facts failed: no database',
    });
    expect(await group.committed()).toEqual([0]);
    expect(await group.state()).toBe('Stable');
    expect(await group.members()).toEqual([member]);
    expect(new Set(tried.map(String))).toEqual(new Set([String(users.slice(0, 500))]));

    isAway = false;
    await group.caughtUp();
    expect(applied).toEqual(users);
    expect(await group.members()).toEqual([member]);
    await ready(reader);
  });
});

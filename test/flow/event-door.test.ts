import type { KafkaMessage } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { collect, createCleanup, createTopic } from '../broker/events-setting.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { produceForeign, type ForeignRecord } from '../support/foreign-producer.js';
import { startService, type Service } from '../support/service.js';
import {
  auditRecords,
  createDataFolder,
  demonstrationIsDone,
  guildPage,
  holds,
  rolesOf,
  type AuditRecord,
} from '../support/story.js';

const SOURCE = 'https://platform.example.org/groups';
const EVENT_HOST = '300000000000000002';

const WRITE = {
  added: 'PUT',
  removed: 'DELETE',
} as const;

const cleanup = createCleanup();
const topic = uniqueName('platform.events');
const written = uniqueName('discord-connector.events');
let database: TestDatabase;
let service: Service;

beforeAll(async () => {
  if (!hasBroker()) return;
  const { brokers, kind } = testBroker();
  if (kind !== 'mock') for (const name of [topic, written]) await createTopic(brokers, name);
  const folder = await createDataFolder();
  cleanup.add(folder.remove);
  database = await createTestDatabase();
  cleanup.add(database.drop);
  service = await startService({
    env: {
      SANDBOX: 'true',
      DATA_DIR: folder.path,
      DATABASE_URL: database.url,
      KAFKA_BROKERS: brokers,
      KAFKA_TOPICS: topic,
      KAFKA_EVENTS_TOPIC: written,
      KAFKA_GROUP_ID: uniqueName('discord-connector'),
    },
  });
  cleanup.add(service.stop);
  await eventually(async () => {
    const { parts } = await service.readiness();
    return parts.every((part) => part.state === 'ready');
  });
  await eventually(() => demonstrationIsDone(service));
});

afterAll(async () => cleanup.run());

/** A CloudEvent in structured mode, as the platform sends it. */
function changed(
  id: string,
  data: { userId: string; groupId: string; change: 'added' | 'removed' },
): ForeignRecord {
  const event = {
    specversion: '1.0',
    id,
    source: SOURCE,
    type: 'platform.group.membership.changed.v1',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data,
  };
  return {
    topic,
    key: data.userId,
    value: JSON.stringify(event),
    headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
  };
}

/**
 * Milliseconds from each event's timestamp to the response of its write at Discord, from the
 * sandbox's log.
 */
async function latencies(sent: readonly KafkaMessage[]): Promise<readonly number[]> {
  const { calls } = await guildPage(service);
  return sent.map((message, index) => {
    const method = index === 0 ? WRITE.added : WRITE.removed;
    const call = calls.find(
      (call) =>
        call.method === method &&
        call.path.endsWith(`${DEMO.accounts.carol}/roles/${DEMO.roles.pilot}`),
    );
    return (call?.at ?? NaN) - Number(message.timestamp);
  });
}

function eventOf(message: KafkaMessage): unknown {
  return JSON.parse(message.value?.toString() ?? '');
}

describe.skipIf(!hasBroker())('entry point 1: an event from the platform', () => {
  test('adds or removes the role at Discord, and a record and an event report the cause', async ({
    annotate,
  }) => {
    const { brokers } = testBroker();
    const sent = await collect(brokers, topic, cleanup);
    const told = await collect(brokers, written, cleanup);
    const fact = { userId: 'carol', groupId: 'pilots' };

    await produceForeign(brokers, [changed('event-added', { ...fact, change: 'added' })]);
    await eventually(() => holds(service, 'carol', 'pilot'));
    await produceForeign(brokers, [changed('event-removed', { ...fact, change: 'removed' })]);
    await eventually(async () => !(await holds(service, 'carol', 'pilot')));

    expect(await rolesOf(service, 'carol')).toEqual([DEMO.roles.recruit, EVENT_HOST]);
    const [removal, addition] = await closedRecords('carol', 3);
    const cause = { kind: 'EVENT', actor: SOURCE };
    expect(addition).toMatchObject({
      outcome: 'APPLIED',
      added: [DEMO.roles.pilot],
      removed: [],
      causes: [{ ...cause, id: 'event-added', groupId: 'pilots' }],
    });
    expect(removal).toMatchObject({
      outcome: 'APPLIED',
      added: [],
      removed: [DEMO.roles.pilot],
      causes: [{ ...cause, id: 'event-removed', groupId: 'pilots' }],
    });
    const ofCarol = () => told.map(eventOf).filter((event) => isAbout(event, [addition, removal]));
    await eventually(() => ofCarol().length >= 2);
    expect(ofCarol()).toMatchObject([
      {
        type: 'discord.roles.changed.v1',
        data: {
          platformUserId: 'carol',
          discordUserId: DEMO.accounts.carol,
          added: [DEMO.roles.pilot],
          removed: [],
          causes: [{ ...cause, id: 'event-added' }],
        },
      },
      { data: { added: [], removed: [DEMO.roles.pilot] } },
    ]);
    await eventually(() => sent.length === 2);
    const tookMs = await latencies(sent);
    await annotate(`from the event to the role: ${tookMs.join(' and ')} ms`);
  });

  test('that is broken goes to the dead letters unchanged, and the events around it are applied', async () => {
    const { brokers } = testBroker();
    const bytes = Uint8Array.from([0x7b, 0xff, 0x00, 0x0a, 0x7d]);
    const before = changed('event-before', {
      userId: 'alice',
      groupId: 'recruits',
      change: 'added',
    });
    const after = changed('event-after', {
      userId: 'alice',
      groupId: 'directors',
      change: 'added',
    });

    await produceForeign(brokers, [before, { ...before, key: 'alice', value: bytes }, after]);
    await eventually(() => holds(service, 'alice', 'director'));
    const dead = await collect(brokers, `${topic}.dlq`, cleanup);
    await eventually(() => dead.length > 0);

    expect(await rolesOf(service, 'alice')).toEqual([
      DEMO.roles.director,
      DEMO.roles.pilot,
      DEMO.roles.recruit,
    ]);
    expect(dead).toHaveLength(1);
    expect(dead[0]?.value).toEqual(Buffer.from(bytes));
    expect(dead[0]?.key?.toString()).toBe('alice');
    expect(dead[0]?.headers?.['dlq-reason']?.toString()).toBe('value is not UTF-8');
    expect(dead[0]?.headers?.['dlq-topic']?.toString()).toBe(topic);
    const causes = (await closedRecords('alice', 2)).flatMap((record) => record.causes);
    expect(causes.map((cause) => cause.id)).toEqual(
      expect.arrayContaining(['event-before', 'event-after']),
    );
  });
});

/** The user's audit records, newest first, once there are this many and all are closed. */
async function closedRecords(
  platformUserId: string,
  count: number,
): Promise<readonly AuditRecord[]> {
  let records: readonly AuditRecord[] = [];
  await eventually(async () => {
    records = await auditRecords(service, platformUserId);
    return records.length >= count && records.every((record) => record.closedAt);
  });
  return records;
}

function isAbout(event: unknown, records: readonly (AuditRecord | undefined)[]): boolean {
  return records.some((record) => record && JSON.stringify(event).includes(record.id));
}

import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { eventually } from '../support/eventually.js';
import type { Service } from '../support/service.js';
import { createSharedWorld, type Person, type SharedWorld } from '../support/shared-world.js';

const PEOPLE = 12;

let world: SharedWorld;

beforeAll(async () => {
  world = await createSharedWorld({ guilds: 1, peoplePerGuild: PEOPLE });
});

afterAll(async () => world.end());

interface Told {
  readonly platformUserId: string;
  readonly outcome: string;
  readonly added: readonly { readonly id: string }[];
}

/** Subscribes as a page would, until it is closed or the server completes the subscription. */
function watchRecords(service: Service) {
  const told: Told[] = [];
  const faults: string[] = [];
  const seen = { isConnected: false, isOver: false };
  const client = createClient({
    url: `${service.address}/admin`,
    headers: { authorization: `Bearer ${world.apiKey}` },
    retryAttempts: 0,
    on: { connected: () => (seen.isConnected = true) },
  });
  const close = client.subscribe<{ auditRecordAdded: Told }>(
    {
      query: 'subscription { auditRecordAdded { platformUserId outcome added { id } } }',
    },
    {
      next: ({ data, errors = [] }) => {
        if (data) told.push(data.auditRecordAdded);
        faults.push(...errors.map(({ message }) => message));
      },
      error: (error) => faults.push(String(error)),
      complete: () => (seen.isOver = true),
    },
  );
  return { told, faults, seen, close };
}

async function add(people: readonly Person[], service: Service): Promise<void> {
  await service.api(
    'mutation($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { ok } } }',
    {
      input: {
        changes: people.map(({ platformUserId }) => ({
          platformUserId,
          groupId: 'pilots',
          change: 'ADDED',
        })),
      },
    },
    world.apiKey,
  );
}

describe('two processes on one database', () => {
  test('stream the records of one to a subscriber of the other, and end the subscription on shutdown', async () => {
    const shows = await world.startProcess('shows', { PARTS: 'api' });
    const works = await world.startProcess('works');
    const watched = watchRecords(shows);
    await eventually(() => watched.seen.isConnected);

    await add(world.people, works);
    await eventually(() => watched.told.length === PEOPLE);

    const names = watched.told.map(({ platformUserId }) => platformUserId);
    expect(names.toSorted()).toEqual(
      world.people.map(({ platformUserId }) => platformUserId).toSorted(),
    );
    for (const { outcome, added } of watched.told) {
      expect(outcome).toBe('APPLIED');
      expect(added).toEqual([{ id: world.people[0]?.pilotRoleId }]);
    }

    const ending = await shows.stop();
    await eventually(() => watched.seen.isOver);
    expect(ending.code).toBe(0);
    expect(watched.faults).toEqual([expect.stringContaining('stopping')]);
  });
});

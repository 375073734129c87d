import { createClient } from 'graphql-sse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Caller } from '../../../services/api/access/caller.js';
import type { AuditRecord } from '../../../services/api/audit/audit-record.types.js';
import { anAuditRecord, CLIENT_ID, OTHER_CLIENT_ID, ownId } from '../../builders/api-views.js';
import { eventually } from '../../support/eventually.js';
import { faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';
import { subscribe, type Subscribed } from './subscribe.js';

const RECORDS = `subscription ($clientId: ID, $discordUserId: Snowflake, $platformUserId: ID, $outcomes: [Outcome!]) {
  auditRecordAdded(clientId: $clientId, discordUserId: $discordUserId, platformUserId: $platformUserId, outcomes: $outcomes) {
    id closedAt added { name } causes { actor }
  }
}`;

let api: StartedApi;
const open: Subscribed[] = [];
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await api.server.stop();
});

async function watchRecords(
  variables: Readonly<Record<string, unknown>> = {},
  key: string | null = KEYS.admin,
): Promise<Subscribed> {
  const subscribed = await subscribe(api.url, RECORDS, { variables, key });
  open.push(subscribed);
  return subscribed;
}

/** Closes records as another process would: stores them first, then sends the notice. */
function close(...records: readonly AuditRecord[]): void {
  api.world.audit.push(...records);
  for (const clientId of new Set(records.map((record) => record.clientId)))
    api.notices.recordsClosed(clientId);
}

let last = 0x100;
const aRecord = (given: Partial<AuditRecord> = {}) =>
  anAuditRecord({ id: ownId((last += 1)), ...given });

const idsOf = ({ events }: Subscribed): readonly string[] =>
  events.map((event) => event.data?.auditRecordAdded.id);

const codesOf = ({ events }: Subscribed) =>
  events.flatMap((event) => (event.errors ?? []).map(({ extensions }) => extensions['code']));

describe('auditRecordAdded', () => {
  it('sends each record that is closed from now on, once', async () => {
    const watched = await watchRecords();
    const [first, second] = [aRecord(), aRecord()];

    close(first);
    await eventually(() => watched.events.length === 1);
    close(second);
    api.notices.recordsClosed(CLIENT_ID);
    api.notices.recordsClosed(null);
    await eventually(() => watched.events.length === 2);

    expect(watched.headers.get('x-accel-buffering')).toBe('no');
    expect(watched.events[0]?.data.auditRecordAdded).toEqual({
      id: first.id,
      closedAt: first.closedAt?.toISOString(),
      added: [{ name: 'Pilot' }],
      causes: [{ actor: 'ops' }],
    });
    expect(idsOf(watched)).toEqual([first.id, second.id]);
  });

  it('sends only records that match its arguments', async () => {
    const atOther = await watchRecords({ clientId: OTHER_CLIENT_ID });
    const ofAccount = await watchRecords({ discordUserId: '4'.repeat(18) });
    const ofBob = await watchRecords({ platformUserId: 'bob' });
    const parked = await watchRecords({ outcomes: ['PARKED'] });
    const records = {
      atOther: aRecord({ clientId: OTHER_CLIENT_ID }),
      ofAccount: aRecord({ discordUserId: '4'.repeat(18) }),
      ofBob: aRecord({ platformUserId: 'bob' }),
      parked: aRecord({ outcome: 'PARKED' }),
    };

    close(...Object.values(records), aRecord());

    for (const [watched, { id }] of [
      [atOther, records.atOther],
      [ofAccount, records.ofAccount],
      [ofBob, records.ofBob],
      [parked, records.parked],
    ] as const) {
      await eventually(() => watched.events.length > 0);
      expect(idsOf(watched)).toEqual([id]);
    }
  });

  it('sends a key limited to some clients only the records of those clients', async () => {
    const watched = await watchRecords({}, KEYS.limited);
    const foreign = await watchRecords({ clientId: OTHER_CLIENT_ID }, KEYS.limited);
    const own = aRecord();
    await eventually(foreign.isOver);

    close(aRecord({ clientId: OTHER_CLIENT_ID }), own);
    await eventually(() => watched.events.length > 0);

    expect(idsOf(watched)).toEqual([own.id]);
    expect(codesOf(foreign)).toEqual(['FORBIDDEN']);
  });

  it('is refused to keys that may not read records', async () => {
    const codes = [];
    for (const key of [KEYS.read, KEYS.write]) {
      const watched = await watchRecords({}, key);
      await eventually(watched.isOver);
      codes.push(...codesOf(watched));
    }
    const nowhere = await watchRecords({ clientId: ownId(0x99) });
    const nonsense = await watchRecords({ clientId: 'mine' });
    await eventually(() => nowhere.isOver() && nonsense.isOver());

    expect(codes).toEqual(['FORBIDDEN', 'FORBIDDEN']);
    expect(codesOf(nowhere)).toEqual(['NOT_FOUND']);
    expect(codesOf(nonsense)).toEqual(['BAD_USER_INPUT']);
    expect(api.notices.listeners()).toBe(0);
  });

  it('sends a burst of records in order, page by page', async () => {
    const watched = await watchRecords();
    const records = Array.from({ length: 450 }, () => aRecord());

    close(...records);
    await eventually(() => watched.events.length === 450);

    expect(idsOf(watched)).toEqual(records.map((record) => record.id));
    expect(api.calls.filter((call) => call === 'notices.pageClosedRecords')).toHaveLength(3);
    // All records of a page share one read of roles: a field costs no more in a burst.
    expect(api.calls.filter((call) => call === 'read.findRoles')).toHaveLength(3);
  });

  it('sends records at once to another client library', async () => {
    const client = createClient({
      url: `${api.url}/admin`,
      headers: { authorization: `Bearer ${KEYS.admin}` },
    });
    const records = client.iterate<{ auditRecordAdded: { id: string } }>({
      query: 'subscription { auditRecordAdded { id } }',
    });
    const told = records.next();
    await eventually(() => api.notices.listeners() === 1);
    const record = aRecord();

    close(record);

    expect((await told).value?.data?.auditRecordAdded.id).toBe(record.id);
    client.dispose();
    await eventually(() => api.notices.listeners() === 0);
  });
});

describe('a subscription', () => {
  it('costs nothing once its browser has disconnected', async () => {
    const watched = await watchRecords();
    await eventually(() => api.notices.listeners() === 1);

    watched.close();

    await eventually(() => api.notices.listeners() === 0);
    api.calls.length = 0;
    close(aRecord());
    expect(api.calls).toEqual([]);
  });

  it('is refused beyond twenty per key', async () => {
    const all = [];
    for (let n = 0; n < 20; n += 1) all.push(await watchRecords());
    const tooMany = await watchRecords();
    const another = await watchRecords({}, KEYS.limited);
    await eventually(tooMany.isOver);

    expect(codesOf(tooMany)).toEqual(['FAILED_PRECONDITION']);
    expect(another.isOver()).toBe(false);
    all[0]?.close();
    await eventually(() => api.notices.listeners() === 20);
    const again = await watchRecords();
    close(aRecord());
    await eventually(() => again.events.length === 1);
  });

  it('resumes where it left off after the database was unreachable', async () => {
    const watched = await watchRecords();
    const records = [aRecord(), aRecord()];
    api.fail('notices.pageClosedRecords', new Error('connection lost'));

    close(...records);
    await eventually(() => api.calls.includes('notices.pageClosedRecords'));
    api.fail('notices.pageClosedRecords', null);

    await eventually(() => watched.events.length === 2);
    expect(idsOf(watched)).toEqual(records.map((record) => record.id));
  });

  it('reports an internal error only by the request’s id, and continues', async () => {
    const watched = await watchRecords();
    api.fail('read.findRoles', new Error('select secret_key from nowhere'));
    close(aRecord());
    await eventually(() => watched.events.length === 1);
    api.fail('read.findRoles', null);
    close(aRecord());
    await eventually(() => watched.events.length === 2);

    const [fault, next] = watched.events;
    expect(codesOf({ ...watched, events: watched.events.slice(0, 1) })).toEqual(['INTERNAL']);
    expect(fault?.errors?.[0]?.extensions['requestId']).toBeTypeOf('string');
    expect(JSON.stringify(fault)).not.toContain('secret_key');
    expect(api.logged).toHaveLength(1);
    expect(next?.errors).toBeUndefined();
  });

  it('ends with a reason when this process stops, and delays nothing', async () => {
    const watched = await watchRecords();

    await api.server.stop();

    await eventually(watched.isOver);
    expect(codesOf(watched)).toEqual(['UNAVAILABLE']);
    expect(watched.isComplete()).toBe(true);
    expect(api.notices.listeners()).toBe(0);
  });

  it('is refused at /graphql, and the error names the address that serves it', async () => {
    const answer = await api.ask('subscription { auditRecordAdded { id } }');

    expect(answer.status).toBe(400);
    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    expect(answer.body.errors?.[0]?.message).toContain('/admin');
  });
});

describe('a subscription ends with its permission', () => {
  const caller = {
    name: 'passing',
    scopes: ['discord:admin'],
    clientIds: null,
  } as const;

  it.each([
    ['when its key is no longer known', null, 'UNAUTHENTICATED'],
    ['when its scope is removed', { ...caller, scopes: ['discord:read'] }, 'FORBIDDEN'],
    ['when its clients change', { ...caller, clientIds: [CLIENT_ID] }, 'FORBIDDEN'],
  ] as const)('%s', async (_, then, code) => {
    let now: Caller | null = caller;
    await api.server.stop();
    api = await startApi({}, { auth: { authenticate: async () => now } });
    const watched = await watchRecords();

    now = then;
    close(aRecord());
    await eventually(watched.isOver);

    expect(codesOf(watched)).toEqual([code]);
    expect(watched.isComplete()).toBe(true);
    expect(api.notices.listeners()).toBe(0);
  });
});

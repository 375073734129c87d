import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { aWorld, faultsOf, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld(), { facts: [], staleFor: null });
});

const record = (changes: readonly Record<string, unknown>[]) =>
  api.ask(
    `mutation ($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) {
      results { index ok verdict error { code message field } } counts { applied unchanged stale partial invalid } platformUsers { id groups { id } } warnings } }`,
    { input: { changes } },
  );

const added = { platformUserId: 'alice', groupId: 'pilots', change: 'ADDED' };
const removed = { ...added, change: 'REMOVED' };

describe('recordMembershipChanges', () => {
  it('creates facts that name the request and the caller, and leaves their time to the database', async () => {
    const answer = await record([
      { ...added, sequence: '9007199254740991' },
      { ...removed, platformUserId: 'bob' },
    ]);

    const requestId = answer.headers.get('x-request-id');
    const cause = {
      kind: 'MUTATION',
      id: requestId,
      actor: 'admin',
      groupId: 'pilots',
    };
    expect(api.world.facts).toEqual([
      {
        kind: 'membershipChanged',
        platformUserId: 'alice',
        groupId: 'pilots',
        change: 'added',
        order: { sequence: 9007199254740991, timeUs: null },
        cause,
      },
      {
        kind: 'membershipChanged',
        platformUserId: 'bob',
        groupId: 'pilots',
        change: 'removed',
        order: { sequence: null, timeUs: null },
        cause,
      },
    ]);
  });

  it('returns a result for each item, and the users it changed', async () => {
    api.world.staleFor = 'bob';

    const { body } = await record([{ ...added, platformUserId: 'bob' }, added]);

    expect(body.data.recordMembershipChanges).toEqual({
      results: [
        {
          index: 0,
          ok: false,
          verdict: 'STALE',
          error: {
            code: 'CONFLICT',
            message: expect.any(String),
            field: null,
          },
        },
        { index: 1, ok: true, verdict: 'APPLIED', error: null },
      ],
      counts: { applied: 1, unchanged: 0, stale: 1, partial: 0, invalid: 0 },
      platformUsers: [{ id: 'alice', groups: [{ id: 'pilots' }] }],
      warnings: [],
    });
  });

  it('accepts several changes of one membership if sequences order them', async () => {
    const { body } = await record([{ ...added, sequence: 2 }, { ...removed, sequence: 1 }, added]);

    expect(body.errors).toBeUndefined();
    expect(api.world.facts).toHaveLength(3);
  });

  it('rejects two contradictory changes without sequences, and accepts the others', async () => {
    const { body } = await record([added, { ...added, groupId: 'x' }, removed]);

    const { results } = body.data.recordMembershipChanges;
    expect(results).toMatchObject([
      {
        index: 0,
        ok: false,
        verdict: 'INVALID',
        error: { code: 'BAD_USER_INPUT', field: 'input.changes[0].groupId' },
      },
      { index: 1, ok: true, verdict: 'APPLIED', error: null },
      {
        index: 2,
        ok: false,
        verdict: 'INVALID',
        error: { code: 'BAD_USER_INPUT', field: 'input.changes[2].groupId' },
      },
    ]);
    expect(results[0].error.message).toContain('input.changes[2]');
    expect(results[2].error.message).toContain('input.changes[0]');
    expect(api.world.facts).toMatchObject([{ groupId: 'x' }]);
  });

  it.each([
    [{ groupId: '' }, 'groupId'],
    [{ groupId: '   ' }, 'groupId'],
    [{ platformUserId: '' }, 'platformUserId'],
    [{ groupId: 'x'.repeat(256) }, 'groupId'],
    [{ groupId: 'a\u0000b' }, 'groupId'],
    [{ groupId: 'a\u001fb' }, 'groupId'],
    [{ groupId: 'a\u0085b' }, 'groupId'],
    [{ platformUserId: '\ud800' }, 'platformUserId'],
    [{ platformUserId: 'x\udc00y' }, 'platformUserId'],
  ])('rejects only the item with %j, and names its field', async (wrong, field) => {
    const { body } = await record([
      added,
      { ...added, groupId: 'b' },
      { ...added, ...wrong },
      { ...removed, groupId: 'c' },
    ]);

    expect(body.errors).toBeUndefined();
    const { results, counts } = body.data.recordMembershipChanges;
    expect(results).toMatchObject([0, 1, 2, 3].map((index) => ({ index })));
    expect(results[2]).toEqual({
      index: 2,
      ok: false,
      verdict: 'INVALID',
      error: {
        code: 'BAD_USER_INPUT',
        message: expect.any(String),
        field: `input.changes[2].${field}`,
      },
    });
    expect(counts).toEqual({
      applied: 3,
      unchanged: 0,
      stale: 0,
      partial: 0,
      invalid: 1,
    });
    expect(api.world.facts).toMatchObject(['pilots', 'b', 'c'].map((groupId) => ({ groupId })));
  });

  it.each([
    [{ sequence: -1 }, 'sequence'],
    [{ sequence: 1.5 }, 'sequence'],
    [{ sequence: 9007199254740992 }, 'sequence'],
    [{ sequence: '9007199254740992' }, 'sequence'],
    [{ sequence: '1e3' }, 'sequence'],
    [{ sequence: '' }, 'sequence'],
    [{ sequence: true }, 'sequence'],
    [{ change: 'added' }, 'change'],
  ])('rejects the whole list for %j, which does not fit its type', async (wrong, field) => {
    const answer = await record([
      added,
      { ...added, groupId: 'b' },
      { ...removed, groupId: 'c' },
      { ...added, ...wrong },
    ]);

    expect(faultsOf(answer)).toEqual([
      { code: 'BAD_USER_INPUT', field: `input.changes[3].${field}` },
    ]);
    expect(api.world.facts).toEqual([]);
  });

  it('accepts at most 5,000 items', async () => {
    const many = Array.from({ length: 5001 }, (_, index) => ({
      ...added,
      platformUserId: `user-${index}`,
    }));

    const tooMany = await record(many);
    const enough = await record(many.slice(1));

    expect(faultsOf(tooMany)).toEqual([{ code: 'BAD_USER_INPUT', field: 'input.changes' }]);
    expect(enough.body.errors).toBeUndefined();
    expect(api.world.facts).toHaveLength(5000);
  });

  it('warns about an empty list', async () => {
    const { body } = await record([]);

    expect(body.data.recordMembershipChanges).toMatchObject({
      results: [],
      warnings: ['The list was empty.'],
    });
  });

  it('keeps a long id with unusual characters unchanged', async () => {
    const groupId = `${'é'.repeat(200)} 'quoted' "😀" \\ %_`;

    const { body } = await record([{ ...added, groupId }]);

    expect(body.errors).toBeUndefined();
    expect(api.world.facts[0]).toMatchObject({ groupId });
  });
});

describe('replaceMemberships', () => {
  const replace = (users: readonly Record<string, unknown>[]) =>
    api.ask(
      `mutation ($users: [MembershipSetInput!]!) { replaceMemberships(input: { users: $users }) { results { ok verdict error { code field } } platformUsers { id } } }`,
      { users },
    );

  it('creates a snapshot for each user', async () => {
    await replace([
      {
        platformUserId: 'alice',
        groupIds: ['pilots', 'recruits'],
        sequence: 7,
      },
      { platformUserId: 'bob', groupIds: [] },
    ]);

    expect(api.world.facts).toMatchObject([
      {
        kind: 'membershipSnapshot',
        platformUserId: 'alice',
        groupIds: ['pilots', 'recruits'],
        order: { sequence: 7 },
      },
      { kind: 'membershipSnapshot', platformUserId: 'bob', groupIds: [] },
    ]);
    expect(api.world.facts[0]?.cause).not.toHaveProperty('groupId');
  });

  it.each([
    [
      [
        { platformUserId: 'a', groupIds: [] },
        { platformUserId: 'a', groupIds: [], sequence: 2 },
      ],
      ['input.users[0].platformUserId', 'input.users[1].platformUserId'],
    ],
    [[{ platformUserId: 'a', groupIds: ['g', ''] }], ['input.users[0].groupIds[1]']],
    [
      [
        {
          platformUserId: 'a',
          groupIds: Array.from({ length: 5001 }, (_, i) => `g${i}`),
        },
      ],
      ['input.users[0].groupIds'],
    ],
  ])('rejects only invalid items, and names their fields: case %#', async (users, fields) => {
    const { body } = await replace([...users, { platformUserId: 'z', groupIds: [] }]);

    const faulty = fields.map((field) => ({
      ok: false,
      verdict: 'INVALID',
      error: { code: 'BAD_USER_INPUT', field },
    }));
    expect(body.data.replaceMemberships.results).toEqual([
      ...faulty,
      { ok: true, verdict: 'APPLIED', error: null },
    ]);
    expect(api.world.facts).toMatchObject([{ platformUserId: 'z' }]);
  });
});

describe('mutations of users and groups', () => {
  it('store users and groups', async () => {
    const { body } = await api.ask(
      `mutation {
        upsertPlatformUsers(input: { users: [{ id: "alice", username: "Alice", attributes: { character: "A", alliance: null } }] }) {
          results { verdict } platformUsers { username } }
        upsertPlatformGroups(input: { groups: [{ id: "pilots", name: "Pilots" }, { id: "new", name: "New" }] }) {
          results { index } platformGroups { name } }
      }`,
    );

    expect(body.errors).toBeUndefined();
    expect(body.data.upsertPlatformGroups).toEqual({
      results: [{ index: 0 }, { index: 1 }],
      platformGroups: [{ name: 'Pilots' }],
    });
    expect(api.world.facts).toMatchObject([
      {
        kind: 'userChanged',
        username: 'Alice',
        attributes: { character: 'A', alliance: null },
      },
      { kind: 'groupChanged', groupId: 'pilots', name: 'Pilots' },
      { kind: 'groupChanged', groupId: 'new', cause: { groupId: 'new' } },
    ]);
    expect(api.world.facts[0]).not.toHaveProperty('attributes.corporation');
  });

  it.each([
    [
      'upsertPlatformUsers(input: { users: [{ id: "a", username: "" }] })',
      ['input.users[0].username'],
    ],
    [
      'upsertPlatformUsers(input: { users: [{ id: "a", username: "A" }, { id: "a", username: "B" }] })',
      ['input.users[0].id', 'input.users[1].id'],
    ],
    [
      'upsertPlatformUsers(input: { users: [{ id: "a", username: "A", attributes: { character: "\\u0000" } }] })',
      ['input.users[0].attributes.character'],
    ],
    [
      'upsertPlatformGroups(input: { groups: [{ id: "a", name: "A" }, { id: "a", name: "A" }] })',
      ['input.groups[0].id', 'input.groups[1].id'],
    ],
    ['upsertPlatformGroups(input: { groups: [{ id: "a", name: "" }] })', ['input.groups[0].name']],
  ])('name the invalid field of each item of %s', async (mutation, fields) => {
    const { body } = await api.ask(
      `mutation { payload: ${mutation} { results { verdict error { code field } } } }`,
    );

    expect(body.errors).toBeUndefined();
    expect(body.data.payload.results).toEqual(
      fields.map((field) => ({
        verdict: 'INVALID',
        error: { code: 'BAD_USER_INPUT', field },
      })),
    );
    expect(api.world.facts).toEqual([]);
  });

  it('refuse to delete a user with an empty id', async () => {
    const answer = await api.ask(
      'mutation { deletePlatformUser(input: { platformUserId: "" }) { warnings } }',
    );

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'input.platformUserId' }]);
  });

  it('delete a user, or return CONFLICT if another fact outranks the deletion', async () => {
    const remove = () =>
      api.ask(
        'mutation { deletePlatformUser(input: { platformUserId: "alice" }) { platformUser { id } warnings } }',
      );

    const done = await remove();
    api.world.staleFor = 'alice';
    const lost = await remove();

    expect(done.body.data.deletePlatformUser).toEqual({
      platformUser: { id: 'alice' },
      warnings: [],
    });
    expect(api.world.facts[0]).toMatchObject({ kind: 'userDeleted' });
    expect(faultsOf(lost)).toEqual([{ code: 'CONFLICT' }]);
    expect(lost.body.data).toBeNull();
  });
});

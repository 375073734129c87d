import { describe, expect, test } from 'vitest';

import { createExplainRole } from '../../services/connector/explain.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, snapshotOf } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const NOBODYS = '300000000000000099';
const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';
const path = usePath();

const explain = (id: string, roleId: string) =>
  createExplainRole({ store: path.rig().store })({ id, roleId });

async function say(...facts: ReturnType<typeof membership>[]): Promise<void> {
  await path.rig().store.applyFacts(facts);
  await path.rig().quiet();
}

const eventIdOf = (fact: ReturnType<typeof membership>) => fact.cause.id;

describe('the explanation of a mapped role', () => {
  test('names the event that granted the role', async () => {
    const linkId = await path.link('alice');
    const added = membership('alice', 'directors');
    await say(added);

    const explanation = await explain(linkId, roles.director);
    const [record] = await path.records();

    expect(explanation).toMatchObject({
      roleName: 'Director',
      isMapped: true,
      desired: 'YES',
      isHeld: true,
      mappings: [{ groupId: 'directors', isRetired: false, membership: 'HELD' }],
      lastChange: {
        auditRecordId: record?.id,
        change: 'ADDED',
        at: record?.closedAt,
        cause: { kind: 'EVENT', id: eventIdOf(added), actor: 'site' },
      },
      blockedBy: [],
    });
    expect(explanation.seenAt).toBeInstanceOf(Date);
    expect(explanation.sentence).toBe(
      `alice has Director because the platform says they are in directors (event ${eventIdOf(added)} of site).`,
    );
  });

  test('names the event that removed the role', async () => {
    const linkId = await path.link('alice');
    await say(membership('alice', 'directors'));
    const removed = membership('alice', 'directors', 'removed');
    await say(removed, {
      kind: 'userChanged',
      platformUserId: 'alice',
      username: 'Alice',
      order: { sequence: null, timeUs: 1 },
      cause,
    });

    expect((await explain(linkId, roles.director)).sentence).toBe(
      `Alice lacks Director because the platform says they are not in directors (event ${eventIdOf(removed)} of site).`,
    );
  });

  test('reports an unknown membership if there is no fact about it', async () => {
    const linkId = await path.link('alice');

    expect(await explain(linkId, roles.pilot)).toMatchObject({
      desired: 'UNKNOWN',
      isHeld: false,
      mappings: [{ membership: 'UNKNOWN' }],
      lastChange: null,
      blockedBy: ['UNKNOWN_MEMBERSHIP'],
      sentence:
        'alice lacks Pilot because the platform has not reported whether they are in pilots.',
    });
  });

  test('says that the member is not in the group if a snapshot leaves it out', async () => {
    const linkId = await path.link('alice');
    await path.rig().store.applyFacts([snapshotOf('alice', ['recruits'])]);
    await path.rig().quiet();

    expect((await explain(linkId, roles.pilot)).sentence).toBe(
      'alice lacks Pilot because the platform says they are not in pilots.',
    );
  });
});

describe('a blocked change is explained', () => {
  test('when the guard holds it', async () => {
    const linkId = await path.link('alice');
    await say(membership('alice', 'pilots'), membership('alice', 'directors'));
    await path
      .rig()
      .store.clients.updateClient(
        path.rig().clientId,
        { removalGuard: { minimum: 0, percent: 0 } },
        cause,
      );
    await say(membership('alice', 'pilots', 'removed'));

    const held = await explain(linkId, roles.pilot);
    const other = await explain(linkId, roles.director);

    expect(held).toMatchObject({
      desired: 'NO',
      isHeld: true,
      blockedBy: ['HELD_BY_GUARD'],
    });
    expect(held.sentence).toBe(
      'alice has Pilot although the platform says they are not in pilots. The removal guard holds the removal until a person approves or rejects it.',
    );
    expect(other.blockedBy).toEqual([]);
  });

  test('when the role is above the bot', async () => {
    const linkId = await path.link('alice');
    const roleId = roles.director;
    path.rig().discord.moderator.moveRole({ guildId, roleId, position: 9 });
    await say(membership('alice', 'directors'));

    const explanation = await explain(linkId, roleId);

    expect(explanation).toMatchObject({
      desired: 'YES',
      isHeld: false,
      blockedBy: ['ROLE_ABOVE_BOT', 'PARKED'],
    });
    expect(explanation.unblockedBy[1]).toMatch(/retries it at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  });

  test('when the account is not in the guild', async () => {
    const linkId = await path.link('erin');
    await say(membership('erin', 'pilots'));

    expect(await explain(linkId, roles.pilot)).toMatchObject({
      desired: 'YES',
      isHeld: false,
      blockedBy: ['NOT_IN_GUILD'],
    });
  });

  test('when Discord is unavailable, with the time of the next try', async () => {
    const linkId = await path.link('alice');
    path.rig().discord.faults.plant({
      effect: { kind: 'status', status: 503 },
      route: MEMBER_ROLE,
      times: null,
    });
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await eventually(() => path.rig().discord.calls.count({ route: MEMBER_ROLE }) > 1);

    const { blockedBy, unblockedBy } = await explain(linkId, roles.pilot);

    expect(blockedBy).toEqual(['PENDING']);
    expect(unblockedBy[0]).toMatch(/retries it at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  });

  test.each([
    ['STOPPED', 'CLIENT_STOPPED'],
    ['PAUSED', 'CLIENT_PAUSED'],
  ] as const)('when the client is %s', async (kind, block) => {
    const { store, clientId } = path.rig();
    const linkId = await path.link('alice');
    await store.memory.saveTrouble(clientId, { kind, reason: 'for a test' });
    await store.applyFacts([membership('alice', 'pilots')]);

    const { blockedBy } = await explain(linkId, roles.pilot);

    expect(blockedBy).toEqual([block, 'PENDING']);
  });

  test('but not by a pause that is over', async () => {
    const { store, clientId } = path.rig();
    const linkId = await path.link('alice');
    const trouble = { kind: 'PAUSED', reason: 'for a test' } as const;
    await store.memory.saveTrouble(clientId, trouble);
    await store.applyFacts([membership('alice', 'pilots')]);
    await path.expirePause();

    const { blockedBy } = await explain(linkId, roles.pilot);

    expect(blockedBy).not.toContain('CLIENT_PAUSED');
  });

  test('when the mapping is retired while the client is disabled', async () => {
    const { store, clientId } = path.rig();
    const linkId = await path.link('alice');
    await say(membership('alice', 'pilots'));
    await store.clients.updateClient(clientId, { isEnabled: false }, cause);
    await store.mappings.retireMapping({
      id: path.mappingIds()[0] ?? '',
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });

    expect(await explain(linkId, roles.pilot)).toMatchObject({
      desired: 'NO',
      isHeld: true,
      mappings: [{ isRetired: true, membership: 'HELD' }],
      blockedBy: ['MAPPING_RETIRED', 'CLIENT_DISABLED', 'PENDING'],
      sentence:
        'alice has Pilot although the role is no longer mapped to pilots. The client is disabled.',
    });
  });
});

describe('the explanation for a link', () => {
  test("that is ending reveals nothing about the account's new user", async () => {
    const { store, clientId } = path.rig();
    const linkId = await path.link('alice');
    await say(membership('alice', 'pilots'), membership('bob', 'pilots'));
    await store.clients.updateClient(clientId, { isEnabled: false }, cause);
    await store.links.unlinkMember({ id: linkId, cause });
    await store.links.linkMember({
      clientId,
      platformUserId: 'bob',
      discordUserId: accounts.alice,
      cause,
    });

    expect(await explain(linkId, roles.pilot)).toMatchObject({
      desired: 'NO',
      isHeld: true,
      mappings: [{ membership: 'UNKNOWN' }],
      blockedBy: ['NOT_LINKED'],
    });
  });

  test('that does not exist fails with NOT_FOUND', async () => {
    const gone = '0192f000-0000-7000-8000-000000000099';

    await expect(explain(gone, roles.pilot)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'id',
    });
  });
});

describe('the explanation of a role', () => {
  test('without a mapping says that the connector never changes it', async () => {
    const linkId = await path.link('carol');

    expect(await explain(linkId, EVENT_HOST)).toMatchObject({
      roleName: 'Event Host',
      isMapped: false,
      desired: 'UNKNOWN',
      isHeld: true,
      mappings: [],
      blockedBy: [],
      sentence: 'carol has Event Host, which is not mapped, so the connector never changes it.',
    });
  });

  test('that the guild never had fails with NOT_FOUND', async () => {
    const linkId = await path.link('carol');

    await expect(explain(linkId, NOBODYS)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'roleId',
    });
  });

  test('whose mapping was retired with LEAVE still names the event that granted it', async () => {
    const linkId = await path.link('alice');
    const added = membership('alice', 'pilots');
    await say(added);
    await path.rig().store.mappings.retireMapping({
      id: path.mappingIds()[0] ?? '',
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });

    const { isMapped, sentence } = await explain(linkId, roles.pilot);

    expect(isMapped).toBe(false);
    expect(sentence).toContain(`(event ${eventIdOf(added)} of site)`);
  });
});

import { describe, expect, test } from 'vitest';

import { factReaders } from '../../../services/events/in/fact-readers.js';
import { nearestName } from '../../../services/events/in/fields.js';
import { parseEvent } from '../../../services/events/in/parse-event.js';
import { binary, cloudEvent, structured } from '../../builders/event-record.js';

const CHANGED = 'platform.group.membership.changed.v1';
const SNAPSHOT = 'platform.group.membership.snapshot.v1';
const USER = 'platform.user.changed.v1';
const USER_GONE = 'platform.user.deleted.v1';
const GROUP = 'platform.group.changed.v1';
const GROUP_GONE = 'platform.group.deleted.v1';

describe('a near miss of one of our event types', () => {
  test.each([
    ['another tense', 'platform.group.membership.change.v1', CHANGED],
    ['another tense', 'platform.group.membership.changes.v1', CHANGED],
    ['another tense', 'platform.user.deleting.v1', USER_GONE],
    ['the infinitive', 'platform.group.delete.v1', GROUP_GONE],
    ['the plural', 'platform.groups.memberships.changed.v1', CHANGED],
    ['the plural', 'platform.users.changed.v1', USER],
    ['the plural', 'platform.group.membership.snapshots.v1', SNAPSHOT],
    ['other letters', 'Platform.User.Changed.V1', USER],
    ['capitals', 'PLATFORM.USER.DELETED.V1', USER_GONE],
    ['words joined by capitals', 'platform.group.membershipChanged.v1', CHANGED],
    ['no separators', 'platformgroupchangedv1', GROUP],
    ['other separators', 'platform/group/changed/v1', GROUP],
    ['other separators', 'platform_user-changed.v1', USER],
    ['a space before it', ` ${USER}`, USER],
    ['a letter too few', 'platform.group.membrship.changed.v1', CHANGED],
    ['two letters exchanged', 'platform.user.chagned.v1', USER],
    ['two letters too many', 'plattforrm.group.deleted.v1', GROUP_GONE],
    ['a misspelt word and the plural', 'platform.groups.delted.v1', GROUP_GONE],
    ['another version besides', 'platform.users.changed.v2', USER],
  ])('is a dead letter that names the intended type: %s, %s', (_, type, meant) => {
    const expected = {
      kind: 'broken',
      reason: expect.stringContaining(`did you mean ${meant}?`),
    };

    expect(parseEvent(structured(cloudEvent({ type })))).toEqual(expected);
    expect(parseEvent(binary(cloudEvent({ type })))).toEqual(expected);
  });

  test.each([
    'platform.user.created.v1',
    'platform.group.renamed.v1',
    'platform.user.removed.v1',
    'platform.user.updated.v1',
    'platform.order.changed.v1',
    'platform.member.changed.v1',
    'platform.group.member.changed.v1',
    'platform.group.membership.changed.later.v1',
    'com.example.platform.user.changed.v1',
    'plattform.user.chagned.v1',
    'discord.user.linked.v1',
    'order.placed.v1',
    'user.changed.v1',
    '.',
    `platform.user.${'changed'.repeat(100)}.v1`,
  ])('is not assumed for %s, which is skipped', (type) => {
    expect(parseEvent(structured(cloudEvent({ type })))).toEqual({
      kind: 'skip',
      why: 'foreign',
    });
  });

  test('is not assumed between two of our own types', () => {
    for (const type of factReaders.keys())
      expect(
        nearestName(
          type,
          [...factReaders.keys()].filter((other) => other !== type),
        ),
      ).toBeNull();
  });
});

describe('a value from a fixed set', () => {
  const reasonOf = (change: unknown) => {
    const data = { userId: 'u', groupId: 'g', change };
    const parsed = parseEvent(structured(cloudEvent({ type: CHANGED, data })));
    return parsed.kind === 'broken' ? parsed.reason : parsed.kind;
  };

  test.each([
    ['ADDED', 'got "ADDED": did you mean "added"?'],
    ['Removed', 'got "Removed": did you mean "removed"?'],
    ['add', 'got "add": did you mean "added"?'],
    ['remove', 'got "remove": did you mean "removed"?'],
    ['aded', 'got "aded": did you mean "added"?'],
    ['joined', 'got "joined"'],
    ['', 'got ""'],
  ])('is shown with the allowed values and the intended one: %j', (change, end) => {
    expect(reasonOf(change)).toBe(`data.change must be "added" or "removed", ${end}`);
  });

  test.each([
    ['x'.repeat(70), '70 characters'],
    ['a\nb', '3 characters'],
    ['"quoted"', '8 characters'],
    [7, 'a number'],
    [null, 'null'],
  ])('is not shown if it is not a word: %j', (change, shown) => {
    expect(reasonOf(change)).toBe(`data.change must be "added" or "removed", got ${shown}`);
  });

  test('is also shown for the CloudEvents version', () => {
    expect(parseEvent(structured(cloudEvent({ specversion: '0.3' })))).toMatchObject({
      reason: 'specversion must be "1.0", got "0.3"',
    });
  });
});

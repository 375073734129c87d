import { describe, expect, test } from 'vitest';

import { nextWrite, type Choice, type Write } from '../../../services/reconcile/write/writes.js';
import { DIRECTOR, FOREIGN, PILOT, RECRUIT } from '../../builders/member-facts.js';

const NOW = 1_000;

const choice = (choice: Partial<Choice> = {}): Choice => ({
  add: [],
  remove: [],
  nickname: null,
  wholeListWrites: true,
  needsNoRead: false,
  isUrgent: true,
  areEditsAwaited: false,
  now: NOW,
  singlesFrom: 0,
  listsFrom: 0,
  ...choice,
});

/** All writes, assuming that each of them succeeds. */
function writesOf(given: Partial<Choice>): readonly Write[] {
  const writes: Write[] = [];
  let left = choice(given);
  for (;;) {
    const write = nextWrite(left);
    if (write === null) return writes;
    writes.push(write);
    if (write.kind === 'wait') return writes;
    if (write.kind === 'edit') {
      left = { ...left, add: [], remove: [], nickname: null };
      continue;
    }
    const others = (roleId: string) => roleId !== write.roleId;
    const add = left.add.filter(others);
    left = { ...left, add, remove: left.remove.filter(others) };
  }
}

const FIVE = [PILOT, DIRECTOR, RECRUIT, FOREIGN, '5'];
const removal = { kind: 'removeRole', roleId: DIRECTOR } as const;
const addition = { kind: 'addRole', roleId: PILOT } as const;
const edit = (pending: Partial<Choice>) => ({
  kind: 'edit',
  add: pending.add ?? [],
  remove: pending.remove ?? [],
  nickname: pending.nickname ?? null,
});
const wait = (until: number) => ({ kind: 'wait', until });

describe('the choice of writes', () => {
  test('makes two changes one by one, the removal first', () => {
    expect(writesOf({ add: [PILOT], remove: [DIRECTOR] })).toEqual([removal, addition]);
  });

  test('makes three changes as one list', () => {
    const three = { add: [PILOT, RECRUIT], remove: [DIRECTOR] };

    expect(writesOf(three)).toEqual([edit(three)]);
  });

  test('never writes a list if the client has turned lists off', () => {
    const writes = writesOf({
      add: [PILOT, RECRUIT],
      remove: [DIRECTOR],
      wholeListWrites: false,
    });

    expect(writes.map((write) => write.kind)).toEqual(['removeRole', 'addRole', 'addRole']);
  });

  test('writes nothing if there is nothing to do', () => {
    expect(nextWrite(choice())).toBeNull();
  });

  test.each<[string, Partial<Choice>, readonly object[]]>([
    [
      'one change and a nickname: the role alone, then the name, for no read',
      { add: [PILOT], nickname: 'Ada' },
      [addition, edit({ nickname: 'Ada' })],
    ],
    [
      'one change and a nickname, just read: one call',
      { add: [PILOT], nickname: 'Ada', needsNoRead: true },
      [edit({ add: [PILOT], nickname: 'Ada' })],
    ],
    [
      'two changes and a nickname: one call',
      { add: [PILOT], remove: [DIRECTOR], nickname: 'Ada' },
      [edit({ add: [PILOT], remove: [DIRECTOR], nickname: 'Ada' })],
    ],
    ['a nickname alone', { nickname: 'Ada' }, [edit({ nickname: 'Ada' })]],
    [
      'lists turned off: the roles one by one, then the name',
      {
        add: [PILOT],
        remove: [DIRECTOR],
        nickname: 'Ada',
        needsNoRead: true,
        wholeListWrites: false,
      },
      [removal, addition, edit({ nickname: 'Ada' })],
    ],
  ])('combines a nickname with roles if that saves calls: %s', (_, given, writes) => {
    expect(writesOf(given)).toEqual(writes);
  });

  test.each<[string, Partial<Choice>, object]>([
    [
      'one change goes by the list where single roles are spent',
      { remove: [DIRECTOR], singlesFrom: 5_000 },
      edit({ remove: [DIRECTOR] }),
    ],
    [
      'and waits for the earlier of the two where both are',
      { remove: [DIRECTOR], singlesFrom: 5_000, listsFrom: 3_000 },
      wait(3_000),
    ],
    [
      'the earlier may be the single one',
      { remove: [DIRECTOR], singlesFrom: 2_000, listsFrom: 3_000 },
      wait(2_000),
    ],
    [
      'three changes go one by one where no list may be written',
      { add: [PILOT, RECRUIT], remove: [DIRECTOR], listsFrom: 3_000 },
      removal,
    ],
    ['five do not', { add: FIVE, listsFrom: 3_000 }, wait(3_000)],
    [
      'lists turned off: nothing but single roles is waited for',
      { add: [PILOT], singlesFrom: 5_000, wholeListWrites: false },
      wait(5_000),
    ],
    ['a nickname waits for the list', { nickname: 'Ada', listsFrom: 3_000 }, wait(3_000)],
    [
      'urgent: the role goes ahead of a nickname that must wait',
      { add: [PILOT], nickname: 'Ada', listsFrom: 3_000 },
      addition,
    ],
    [
      'not urgent: roles wait for the nickname if one call can set both',
      { add: [PILOT, RECRUIT], nickname: 'Ada', listsFrom: 3_000, isUrgent: false },
      wait(3_000),
    ],
    [
      'but not for long',
      { add: [PILOT, RECRUIT], nickname: 'Ada', listsFrom: 90_000, isUrgent: false },
      addition,
    ],
    [
      'not urgent: a single role does not wait, because one call for both needs a read',
      { add: [PILOT], nickname: 'Ada', listsFrom: 3_000, isUrgent: false },
      addition,
    ],
    [
      'not urgent: the nickname does not wait for a delayed role',
      { add: [PILOT], nickname: 'Ada', singlesFrom: 3_000, isUrgent: false },
      edit({ nickname: 'Ada' }),
    ],
    [
      'not urgent: a role leaves member edits to waiting nicknames',
      { remove: [DIRECTOR], singlesFrom: 5_000, isUrgent: false, areEditsAwaited: true },
      wait(5_000),
    ],
    [
      'urgent: a role uses a member edit despite waiting nicknames',
      { remove: [DIRECTOR], singlesFrom: 5_000, areEditsAwaited: true },
      edit({ remove: [DIRECTOR] }),
    ],
    [
      'urgent: one list sets the role and the nickname',
      { add: [PILOT], nickname: 'Ada', singlesFrom: 3_000 },
      edit({ add: [PILOT], nickname: 'Ada' }),
    ],
  ])('depends on what Discord allows: %s', (_, given, write) => {
    expect(nextWrite(choice(given))).toEqual(write);
  });
});

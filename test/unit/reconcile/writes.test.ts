import { describe, expect, test } from 'vitest';

import { chooseWrites, wholeList } from '../../../services/reconcile/writes.js';
import {
  DIRECTOR,
  FOREIGN,
  PILOT,
  RECRUIT,
} from '../../builders/member-facts.js';

describe('the choice of writes', () => {
  test('takes one or two changes one by one, removals first', () => {
    expect(
      chooseWrites({ add: [PILOT], remove: [DIRECTOR], wholeListWrites: true }),
    ).toEqual([
      { kind: 'removeRole', roleId: DIRECTOR },
      { kind: 'addRole', roleId: PILOT },
    ]);
  });

  test('takes three changes as one list', () => {
    expect(
      chooseWrites({
        add: [PILOT, RECRUIT],
        remove: [DIRECTOR],
        wholeListWrites: true,
      }),
    ).toEqual([
      { kind: 'setRoles', add: [PILOT, RECRUIT], remove: [DIRECTOR] },
    ]);
  });

  test('never writes a list where the client has turned that off', () => {
    const writes = chooseWrites({
      add: [PILOT, RECRUIT],
      remove: [DIRECTOR],
      wholeListWrites: false,
    });

    expect(writes.map((write) => write.kind)).toEqual([
      'removeRole',
      'addRole',
      'addRole',
    ]);
  });
});

describe('the whole list', () => {
  test('carries foreign roles over and leaves out ids the guild no longer has', () => {
    const gone = '700000000000000077';

    const list = wholeList({
      actual: [FOREIGN, DIRECTOR, gone],
      add: [PILOT, FOREIGN],
      remove: [DIRECTOR],
      isGone: (roleId) => roleId === gone,
    });

    expect(list).toEqual([FOREIGN, PILOT]);
  });
});

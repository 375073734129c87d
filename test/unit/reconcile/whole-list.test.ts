import { describe, expect, test } from 'vitest';

import { CONFIRMING_MS } from '../../../services/model.js';
import {
  FRESH_MS,
  judgeWholeList,
  type RoleSource,
} from '../../../services/reconcile/write/whole-list.js';
import { DIRECTOR, FOREIGN, PILOT, RECRUIT } from '../../builders/member-facts.js';

const NOW = 100_000;
const OTHER = '700000000000000088';

const mirror = (...roleIds: readonly string[]): RoleSource => ({
  roleIds,
  readAtMs: NOW - CONFIRMING_MS + 1,
  isMirror: true,
});
const oldMirror = (...roleIds: readonly string[]): RoleSource => ({
  roleIds,
  readAtMs: NOW - CONFIRMING_MS,
  isMirror: true,
});
const undatedMirror = (...roleIds: readonly string[]): RoleSource => ({
  roleIds,
  readAtMs: null,
  isMirror: true,
});
const read = (...roleIds: readonly string[]): RoleSource => ({
  roleIds,
  readAtMs: NOW,
  isMirror: false,
});
const stale = (...roleIds: readonly string[]): RoleSource => ({
  roleIds,
  readAtMs: NOW - FRESH_MS,
  isMirror: false,
});

/** Adds Pilot and Recruit, removes Director. */
const judge = (...sources: readonly RoleSource[]) =>
  judgeWholeList({
    sources,
    add: [PILOT, RECRUIT],
    remove: [DIRECTOR],
    changing: new Set([PILOT, RECRUIT, DIRECTOR]),
    now: NOW,
  });

const written = (...roleIds: readonly string[]) => ({ kind: 'WRITE', roleIds });
const SINGLES = { kind: 'SINGLES' };
const READ = { kind: 'READ' };

describe('a whole list', () => {
  test.each<[string, readonly RoleSource[], object]>([
    [
      'is written where the mirror and a fresh reading agree',
      [mirror(FOREIGN, DIRECTOR), read(FOREIGN, DIRECTOR)],
      written(FOREIGN, PILOT, RECRUIT),
    ],
    [
      'is written where they differ only in roles that are being changed',
      [mirror(FOREIGN), read(DIRECTOR, PILOT, FOREIGN)],
      written(PILOT, FOREIGN, RECRUIT),
    ],
    [
      'is written where two readings agree on a member never read before',
      [stale(FOREIGN), read(FOREIGN)],
      written(FOREIGN, PILOT, RECRUIT),
    ],
    ['needs a reading, not the mirror alone', [mirror(FOREIGN)], READ],
    [
      'needs another reading where an old mirror agrees, which may lack what was given since',
      [oldMirror(FOREIGN), read(FOREIGN)],
      READ,
    ],
    [
      'needs another reading where nobody knows how old the mirror is',
      [undatedMirror(FOREIGN), read(FOREIGN)],
      READ,
    ],
    [
      'is written where another reading agrees, however old the mirror',
      [oldMirror(FOREIGN), read(FOREIGN, OTHER), read(FOREIGN, OTHER)],
      written(FOREIGN, OTHER, PILOT, RECRUIT),
    ],
    [
      'is out of the question where an old mirror shows a role that the reading lost',
      [oldMirror(FOREIGN), read()],
      SINGLES,
    ],
    ['needs more than one reading', [read(FOREIGN)], READ],
    ['needs a fresh reading, whatever agrees', [mirror(FOREIGN), stale(FOREIGN)], READ],
    [
      'is out of the question where the reading lost a role',
      [mirror(FOREIGN, DIRECTOR), read(DIRECTOR)],
      SINGLES,
    ],
    [
      'is out of the question where the reading lost everything',
      [mirror(FOREIGN), read()],
      SINGLES,
    ],
    [
      'stays out of the question though a second reading lost it too',
      [mirror(FOREIGN), stale(), read()],
      SINGLES,
    ],
    [
      'needs another reading where the reading shows a role more',
      [mirror(FOREIGN), read(FOREIGN, OTHER)],
      READ,
    ],
    [
      'is written where the other reading shows that role too',
      [mirror(FOREIGN), read(FOREIGN, OTHER), read(FOREIGN, OTHER)],
      written(FOREIGN, OTHER, PILOT, RECRUIT),
    ],
    [
      'is out of the question where the other reading lost that role again',
      [mirror(FOREIGN), read(FOREIGN, OTHER), read(FOREIGN)],
      SINGLES,
    ],
    [
      'is out of the question where only the newest of two readings shows it',
      [mirror(FOREIGN), stale(FOREIGN), read(FOREIGN, OTHER)],
      SINGLES,
    ],
    ['needs a reading where nothing was read', [], READ],
  ])('%s', (_, sources, verdict) => {
    expect(judge(...sources)).toEqual(verdict);
  });
});

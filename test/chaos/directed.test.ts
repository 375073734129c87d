import { expect, test } from 'vitest';

import { playOnGround } from './grounds.js';
import { runWorld } from './run-world.js';
import { describeSteps, GROUPS, PEOPLE, type Step, type World } from './steps.js';

/** Worlds with a single disturbance each. The random worlds combine many. */
const QUIET: Omit<World, 'steps'> = {
  wholeListWrites: true,
  crew: { kind: 'inside', count: 1 },
  unknownGuildCode: 10004,
  keepsStaleRoleIds: false,
  isLimited: false,
  removals: 10_000,
  clockSkewMs: 0,
  screening: 'WAIT',
  pending: [],
  names: false,
  isTruthful: true,
  isLive: true,
  handRemovals: 'RESTORE',
  resumableMs: 180_000,
  bot: null,
};

const linkAll: readonly Step[] = [
  ...PEOPLE.map((person) => ({ kind: 'link', person, account: person }) as const),
  { kind: 'quiet' },
];
const grantAll: readonly Step[] = PEOPLE.map(
  (person) => ({ kind: 'snapshot', person, groups: GROUPS, at: 30, sequence: null }) as const,
);

const WORLDS: readonly (readonly [string, Omit<World, 'steps'>, readonly Step[]])[] = [
  [
    'one reading without foreign roles costs none',
    QUIET,
    // The initial manual edits must not excuse a later fault.
    [
      ...linkAll,
      { kind: 'wait', ms: 1_600 },
      { kind: 'lie', form: 'memberWithoutForeignRoles' },
      ...grantAll,
    ],
  ],
  [
    'edits by people are put right without a sweep, though the session breaks',
    QUIET,
    [
      ...linkAll,
      ...grantAll,
      { kind: 'quiet' },
      { kind: 'hand', account: 'alice', role: 'pilot', isGiven: false },
      { kind: 'event', effect: { kind: 'double' }, name: undefined, times: 3 },
      { kind: 'hand', account: 'bob', role: 'recruit', isGiven: false },
      { kind: 'session', ends: 'cut' },
      { kind: 'leave', account: 'carol' },
      { kind: 'hand', account: 'bob', role: 'pilot', isGiven: false },
      { kind: 'join', account: 'carol' },
      { kind: 'session', ends: 'halfOpen' },
      { kind: 'change', person: 'dave', group: 'pilots', isAdded: false, at: 31, sequence: null },
      { kind: 'quiet' },
      { kind: 'hand', account: 'dave', role: 'pilot', isGiven: true },
      { kind: 'timeOut', account: 'alice', isOn: true },
      { kind: 'hand', account: 'alice', role: 'director', isGiven: false },
    ],
  ],
  [
    'with HOLD a role that a person removed stays removed, and a role removed by a bot does not',
    { ...QUIET, handRemovals: 'HOLD' },
    [
      ...linkAll,
      ...grantAll,
      { kind: 'quiet' },
      { kind: 'hand', account: 'alice', role: 'pilot', isGiven: false },
      { kind: 'hand', account: 'bob', role: 'pilot', isGiven: false, by: 'bot' },
      { kind: 'wait', ms: 3_500 },
      { kind: 'sweep', of: 'VERIFY_GROUPS', isDryRun: false, isWaitedFor: true },
    ],
  ],
  [
    'members who have not accepted the rules are granted nothing until then',
    { ...QUIET, pending: ['alice', 'bob'] },
    [...linkAll, ...grantAll, { kind: 'quiet' }, { kind: 'pass', account: 'bob' }],
  ],
  [
    'an account that is a bot is parked and never written to',
    { ...QUIET, bot: 'dave' },
    [...linkAll, ...grantAll, { kind: 'quiet' }, { kind: 'unlink', person: 'dave' }],
  ],
  [
    'pages without a code about the guild alone stop nothing for long',
    QUIET,
    [...linkAll, { kind: 'answer', form: 'pageOfGuild', isOn: true }, ...grantAll],
  ],
  [
    'a nickname that AutoMod refuses keeps no role away, and is set when that is over',
    { ...QUIET, names: true },
    [{ kind: 'autoMod', account: 'alice', isOn: true }, ...linkAll, ...grantAll],
  ],
];

test.each(WORLDS)('%s', async (_what, world, steps) => {
  const played = { ...world, steps };

  const faults = await playOnGround(played, async (ground) => runWorld(ground, played));

  expect(faults, describeSteps(steps)).toEqual([]);
});

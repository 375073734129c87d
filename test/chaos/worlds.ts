import fc from 'fast-check';
import type { SandboxFaultEffect } from 'sandbox-discord';

import type { Statements } from '../support/database-door.js';
import { LIE_FORMS, type LieForm } from './lies.js';
import { LIMIT_FORMS } from './discord-limits.js';
import { COUNTS_FORMS, LIST_FORMS } from './listing.js';
import { handStep, just, LATEST, links, person, weighted } from './step-kinds.js';
import { mayBeTruthful } from './truthful-worlds.js';
import { SESSION_BREAKS, type EventFault } from './gateway-troubles.js';
import { LASTING_ANSWERS } from './lasting-answers.js';
import {
  GROUPS,
  ROLES,
  type DiscordStep,
  type FactStep,
  type MutationStep,
  type Person,
  type Step,
  type SweepStep,
  type TroubleStep,
  type World,
} from './steps.js';

const group = fc.constantFrom(...GROUPS);
const role = fc.constantFrom(...ROLES);
/**
 * Not played: the service trusts the first role list that a process reads, so it treats the mapped
 * roles missing from it as deleted until the next list. The mirror cannot disprove that, because
 * members still show the ids of deleted roles.
 */
const NOT_BORNE: readonly LieForm[] = ['rolesWithoutMapped'];
const LIES = LIE_FORMS.filter((form) => !NOT_BORNE.includes(form));

const at = fc.integer({ min: 1, max: LATEST });
const sequence = fc.option(fc.integer({ min: 0, max: 5 }), { freq: 4 });
const authority = fc.constantFrom('PLATFORM', 'OBSERVE', 'DISCORD');
const HOUR_MS = 3_600_000;

const factStep = weighted<FactStep>([
  [
    20,
    fc.record({
      kind: just('change'),
      person,
      group,
      isAdded: fc.boolean(),
      at,
      sequence,
    }),
  ],
  [
    6,
    fc.record({
      kind: just('snapshot'),
      person,
      groups: fc.uniqueArray(group),
      at,
      sequence,
    }),
  ],
  [1, fc.record({ kind: just('deleteUser'), person })],
  [
    3,
    fc.record({
      kind: just('group'),
      group,
      isDeleted: fc.boolean(),
      at,
      sequence,
    }),
  ],
  [
    2,
    fc.record({
      kind: just('replay'),
      how: fc.constantFrom('atOnce', 'oneByOne', 'backwards'),
    }),
  ],
]);

const mutationStep = weighted<MutationStep>([
  [12, fc.record({ kind: just('link'), person, account: person })],
  [4, fc.record({ kind: just('unlink'), person })],
  [3, fc.record({ kind: just('reconcile'), person })],
  [6, fc.record({ kind: just('map'), group, role })],
  [4, fc.record({ kind: just('retire'), group, role, takesBack: fc.boolean() })],
  [1, fc.record({ kind: just('authority'), group, role, authority })],
  [1, fc.record({ kind: just('clientAuthority'), authority })],
  [1, fc.record({ kind: just('enable'), isEnabled: fc.boolean() })],
  [3, fc.record({ kind: just('guard'), minimum: fc.constantFrom(0, 1, 10_000) })],
  [1, fc.record({ kind: just('unknown'), keeps: fc.boolean() })],
  [1, fc.record({ kind: just('importRoles') })],
  [3, fc.record({ kind: just('mend') })],
  [1, fc.record({ kind: just('live'), isOn: fc.constantFrom(true, true, false) })],
  [1, fc.record({ kind: just('handRemovals'), are: fc.constantFrom('RESTORE', 'HOLD') })],
]);

const discordStep = weighted<DiscordStep>([
  [8, handStep],
  [5, fc.record({ kind: fc.constantFrom('leave', 'join'), account: person })],
  [1, fc.record({ kind: fc.constantFrom('kick', 'ban'), account: person })],
  [1, fc.record({ kind: just('rename'), account: person, nick: fc.constantFrom(null, 'by hand') })],
  [2, fc.record({ kind: just('timeOut'), account: person, isOn: fc.boolean() })],
  [3, fc.record({ kind: just('moveRole'), role, isAboveBot: fc.boolean() })],
  [1, fc.record({ kind: fc.constantFrom('deleteRole', 'makeRole'), role })],
  [1, fc.record({ kind: just('permission'), isGiven: fc.boolean() })],
  [1, fc.record({ kind: just('bot'), isIn: fc.boolean() })],
  [1, fc.record({ kind: just('intent'), isGiven: fc.boolean() })],
  [1, fc.record({ kind: just('screening'), isOn: fc.boolean(), roleEnds: fc.boolean() })],
  [2, fc.record({ kind: just('pass'), account: person })],
]);

const effect = fc.constantFrom<SandboxFaultEffect>(
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 403, code: 50013 },
  { kind: 'status', status: 404, code: 10011 },
  { kind: 'status', status: 400, code: 50035 },
  { kind: 'status', status: 404, code: 0 },
  { kind: 'status', status: 400, code: 0 },
  { kind: 'status', status: 400, code: 40006 },
  { kind: 'html', status: 403 },
  { kind: 'plainLimit', retryAfterMs: 66_271_000 },
  { kind: 'html', status: 520 },
  { kind: 'html', status: 200 },
  { kind: 'drop', moment: 'before' },
  { kind: 'drop', moment: 'after' },
  { kind: 'silence', moment: 'before' },
  { kind: 'silence', moment: 'after' },
  { kind: 'sharedLimit', retryAfterMs: 50 },
  { kind: 'globalLimit', retryAfterMs: 50 },
  { kind: 'cloudflareLimit', retryAfterMs: 50 },
  { kind: 'lostWrite' },
  { kind: 'staleRead' },
  { kind: 'latency', ms: 30 },
  // Discord carries it out and responds after the caller gave up.
  { kind: 'latency', ms: 400 },
);

const eventFault = fc.constantFrom<EventFault>(
  { kind: 'drop' },
  { kind: 'double' },
  { kind: 'double' },
  { kind: 'delay', ms: 40 },
  { kind: 'delay', ms: 700 },
  { kind: 'reorder', ms: 300 },
);
const eventName = fc.constantFrom(
  undefined,
  'GUILD_MEMBER_UPDATE',
  'GUILD_MEMBER_ADD',
  'GUILD_MEMBER_REMOVE',
  'GUILD_AUDIT_LOG_ENTRY_CREATE',
  'GUILD_ROLE_UPDATE',
);

/** Longer than the leases of a world, as half a minute is in production. */
const LONG_PAUSE_MS = 4_500;

const cutStep = fc.oneof(
  fc.record({
    kind: just('cut'),
    statements: just('any'),
    nth: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({
    kind: just('cut'),
    statements: fc.constantFrom<Statements>(
      { words: 'commit', rows: 0 },
      // A claim that found something; its last row is not part of the result.
      { words: 'claimed_causes', rows: 2 },
    ),
    nth: fc.integer({ min: 1, max: 3 }),
  }),
);

const pauseStep = (least: number, most: number) =>
  fc.record({
    kind: just('pause'),
    of: fc.constantFrom('database', 'process'),
    place: fc.nat(2),
    ms: fc.integer({ min: least, max: most }),
  });

const troubleStep = weighted<TroubleStep>([
  [6, cutStep],
  [2, pauseStep(100, LONG_PAUSE_MS)],
  [
    6,
    fc.record({
      kind: just('lie'),
      form: fc.constantFrom(...LIES),
    }),
  ],
  [
    12,
    fc.record({
      kind: just('fault'),
      effect,
      times: fc.integer({ min: 1, max: 2 }),
      calls: fc.constantFrom('all', 'reads', 'writes', 'lists', 'listings', 'counts'),
    }),
  ],
  [
    2,
    fc.record({
      kind: just('answer'),
      form: fc.constantFrom(...LASTING_ANSWERS),
      isOn: weighted([
        [2, just(true)],
        [1, just(false)],
      ]),
    }),
  ],
  [
    2,
    fc.record({
      kind: just('autoMod'),
      account: person,
      isOn: weighted([
        [3, just(true)],
        [1, just(false)],
      ]),
    }),
  ],
  [3, fc.record({ kind: just('limit'), form: fc.constantFrom(...LIMIT_FORMS) })],
  [
    8,
    fc.record({
      kind: just('listing'),
      form: fc.constantFrom(...LIST_FORMS, ...COUNTS_FORMS),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  ],
  [
    1,
    fc.record({
      kind: just('fault'),
      effect: just({ kind: 'status', status: 401 }),
      times: just(1),
      calls: just('all'),
    }),
  ],
  [
    1,
    fc.record({
      kind: just('fault'),
      effect: just({ kind: 'status', status: 403, code: 50001 }),
      times: just(1),
      calls: just('all'),
    }),
  ],
  [
    3,
    fc.record({
      kind: just('restart'),
      place: fc.nat(1),
      how: fc.constantFrom('stop', 'kill'),
    }),
  ],
  [
    6,
    fc.record({
      kind: just('event'),
      effect: eventFault,
      name: eventName,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  ],
  [5, fc.record({ kind: just('session'), ends: fc.constantFrom(...SESSION_BREAKS) })],
  [
    1,
    fc.record({
      kind: fc.constantFrom('gateway', 'guild'),
      ms: fc.integer({ min: 100, max: 2_000 }),
    }),
  ],
  [8, fc.record({ kind: just('wait'), ms: fc.integer({ min: 1, max: 60 }) })],
  [4, fc.record({ kind: just('quiet') })],
]);

/** Outages that only a whole service meets. */
const outageStep = weighted<TroubleStep>([
  [1, pauseStep(5_000, 30_000)],
  [
    4,
    fc.record({
      kind: just('database'),
      mode: fc.constantFrom('fast', 'immediate'),
      ms: fc.integer({ min: 0, max: 1_000 }),
    }),
  ],
  [
    4,
    fc.record({
      kind: just('broker'),
      mode: fc.constantFrom('shut', 'still'),
      ms: fc.integer({ min: 300, max: 2_000 }),
    }),
  ],
  [
    3,
    fc.record({
      kind: just('clock'),
      place: fc.nat(2),
      stepMs: fc.constantFrom(HOUR_MS, -HOUR_MS),
    }),
  ],
  [
    3,
    fc.record({
      kind: just('restart'),
      place: fc.nat(2),
      how: fc.constantFrom('stop', 'kill'),
    }),
  ],
]);

const sweepStep = weighted<SweepStep>([
  [
    12,
    fc.record({
      kind: just('sweep'),
      of: fc.constantFrom('VERIFY_GROUPS', 'REMOTE_SYNC', 'SYNC_ACCOUNTS'),
      isDryRun: weighted([
        [5, just(false)],
        [1, just(true)],
      ]),
      isWaitedFor: fc.boolean(),
    }),
  ],
  [1, just({ kind: 'cancelSweep' })],
  [
    5,
    fc.record({
      kind: just('decide'),
      verdict: fc.constantFrom('APPROVED', 'REJECTED'),
      hash: fc.constantFrom('right', 'right', 'stale', 'repeated'),
    }),
  ],
]);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: factStep },
  { weight: 11, arbitrary: mutationStep },
  { weight: 5, arbitrary: discordStep },
  { weight: 9, arbitrary: troubleStep },
  { weight: 7, arbitrary: sweepStep },
);

const TRAPS = [
  'memberWithoutRoles',
  'memberWithoutForeignRoles',
  'rolesWithoutNewest',
  'rolesWithoutForeign',
  'editHasNoRoles',
] as const;

/**
 * A false reading of a person with many due changes: the service may write a whole list based on
 * it.
 */
const trap: fc.Arbitrary<readonly Step[]> = fc.tuple(
  fc.record({
    kind: just('lie'),
    form: fc.constantFrom(...TRAPS),
  }),
  fc.record({
    kind: just('snapshot'),
    person,
    groups: fc.constantFrom(GROUPS, GROUPS, []),
    at: just(LATEST),
    sequence,
  }),
);

/** All people can begin linked, so that even short worlds have roles to lose. */
const stepsOf = (each: fc.Arbitrary<Step>, maxLength: number) =>
  fc
    .tuple(
      fc.subarray(links),
      fc.array(
        weighted<readonly Step[]>([
          [24, each.map((one) => [one])],
          [1, trap],
        ]),
        { minLength: 12, maxLength, size: 'max' },
      ),
    )
    .map(([first, others]) => [...first, ...others.flat()]);

export function worldOf(crews: readonly World['crew'][]): fc.Arbitrary<World> {
  return worldWith(crews, stepsOf(step, 60));
}

/** Shorter, because each step goes through the API or the broker. */
export function serviceWorldOf(crews: readonly World['crew'][]): fc.Arbitrary<World> {
  const each: fc.Arbitrary<Step> = fc.oneof(
    { weight: 14, arbitrary: step },
    { weight: 1, arbitrary: outageStep },
  );
  return worldWith(crews, stepsOf(each, 45));
}

function worldWith(
  crews: readonly World['crew'][],
  steps: fc.Arbitrary<readonly Step[]>,
): fc.Arbitrary<World> {
  const world = fc.record({
    wholeListWrites: fc.boolean(),
    crew: fc.constantFrom(...crews),
    unknownGuildCode: fc.constantFrom(10004, 50001),
    keepsStaleRoleIds: fc.boolean(),
    isLimited: fc.boolean(),
    removals: fc.constantFrom(10_000, 10_000, 0, 1),
    names: fc.boolean(),
    screening: fc.constantFrom('WAIT', 'WAIT', 'IGNORE'),
    // Only people whose new joining loses no foreign role.
    pending: weighted<readonly Person[]>([
      [2, just([])],
      [1, fc.subarray(['alice', 'bob', 'dave'] as const, { minLength: 1 })],
    ]),
    isLive: fc.constantFrom(true, true, true, false),
    handRemovals: fc.constantFrom('RESTORE', 'RESTORE', 'HOLD'),
    resumableMs: fc.constantFrom(180_000, 180_000, 300),
    bot: fc.constantFrom(null, null, null, 'carol', 'dave'),
    clockSkewMs: fc.constantFrom(0, 0, HOUR_MS, -HOUR_MS),
    isTruthful: just(false),
    steps,
  });
  return mayBeTruthful(world);
}

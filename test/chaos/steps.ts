import fc from 'fast-check';

import type { SandboxFaultEffect } from '../../services/sandbox/discord/sandbox-interface.js';

export const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const;
export const GROUPS = ['pilots', 'directors', 'recruits'] as const;
export type Person = (typeof PEOPLE)[number];
export type Group = (typeof GROUPS)[number];

/** One thing that happens. Times are places in the order of facts, so that facts come late, twice and at the same moment. */
export type Step =
  | {
      readonly kind: 'change';
      readonly person: Person;
      readonly group: Group;
      readonly isAdded: boolean;
      readonly at: number;
      readonly sequence: number | null;
    }
  | {
      readonly kind: 'snapshot';
      readonly person: Person;
      readonly groups: readonly Group[];
      readonly at: number;
      readonly sequence: number | null;
    }
  | { readonly kind: 'deleteUser'; readonly person: Person }
  | {
      readonly kind: 'group';
      readonly group: Group;
      readonly isDeleted: boolean;
      readonly at: number;
    }
  | { readonly kind: 'link'; readonly person: Person; readonly account: Person }
  | { readonly kind: 'unlink'; readonly person: Person }
  | {
      readonly kind: 'retire';
      readonly group: Group;
      readonly takesBack: boolean;
    }
  | { readonly kind: 'map'; readonly group: Group }
  | {
      readonly kind: 'hand';
      readonly account: Person;
      readonly role: Group | 'eventHost';
      readonly isGiven: boolean;
    }
  | { readonly kind: 'leave' | 'join'; readonly account: Person }
  | {
      readonly kind: 'moveRole';
      readonly group: Group;
      readonly isAboveBot: boolean;
    }
  | {
      readonly kind: 'fault';
      readonly effect: SandboxFaultEffect;
      readonly times: number;
    }
  | { readonly kind: 'replay' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'quiet' };

const person = fc.constantFrom(...PEOPLE);
const group = fc.constantFrom(...GROUPS);
const at = fc.integer({ min: 1, max: 30 });
const sequence = fc.option(fc.integer({ min: 0, max: 5 }), { freq: 4 });

const effect = fc.constantFrom<SandboxFaultEffect>(
  { kind: 'status', status: 503 },
  { kind: 'html', status: 520 },
  { kind: 'drop', moment: 'before' },
  { kind: 'drop', moment: 'after' },
  { kind: 'silence', moment: 'after' },
  { kind: 'sharedLimit', retryAfterMs: 50 },
  { kind: 'globalLimit', retryAfterMs: 50 },
  { kind: 'lostWrite' },
  { kind: 'staleRead' },
  { kind: 'latency', ms: 30 },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      person,
      group,
      isAdded: fc.boolean(),
      at,
      sequence,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('snapshot' as const),
      person,
      groups: fc.uniqueArray(group),
      at,
      sequence,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      person,
      account: person,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('unlink' as const), person }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('deleteUser' as const), person }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      group,
      isDeleted: fc.boolean(),
      at,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('retire' as const),
      group,
      takesBack: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('map' as const), group }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('hand' as const),
      account: person,
      role: fc.constantFrom(...GROUPS, 'eventHost' as const),
      isGiven: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('leave' as const, 'join' as const),
      account: person,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('moveRole' as const),
      group,
      isAboveBot: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      effect,
      times: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'replay' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'quiet' as const }) },
);

export interface World {
  readonly wholeListWrites: boolean;
  readonly steps: readonly Step[];
}

export const world: fc.Arbitrary<World> = fc.record({
  wholeListWrites: fc.boolean(),
  steps: fc.array(step, { minLength: 5, maxLength: 40 }),
});

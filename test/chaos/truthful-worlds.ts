import fc from 'fast-check';
import type { SandboxFaultEffect } from 'sandbox-discord';

import { LASTING_ANSWERS } from './lasting-answers.js';
import { handStep, just, LATEST, links } from './step-kinds.js';
import { GROUPS, PEOPLE, ROLES, type Step, type World } from './steps.js';

/** Half of these worlds become truthful. */
export function mayBeTruthful(world: fc.Arbitrary<World>): fc.Arbitrary<World> {
  return fc
    .tuple(world, fc.boolean(), grants, fc.array(fc.tuple(fc.nat(), handStep), EDITS))
    .map(([each, isTruthful, facts, edits]) => (isTruthful ? truthful(each, facts, edits) : each));
}

/** Each person's groups, later than all other facts. */
const grants = fc.tuple(
  ...PEOPLE.map((person) =>
    fc.record({
      kind: just('snapshot'),
      person: just(person),
      groups: fc.subarray([...GROUPS]),
      at: just(LATEST + 1),
      sequence: just(null),
    }),
  ),
);
const QUIET: Step = { kind: 'quiet' };
/** So that the connector may put edits right. */
const REPAIRS: readonly Step[] = [
  { kind: 'permission', isGiven: true },
  { kind: 'bot', isIn: true },
  { kind: 'intent', isGiven: true },
  { kind: 'clientAuthority', authority: 'PLATFORM' },
  { kind: 'guard', minimum: 10_000 },
  { kind: 'enable', isEnabled: true },
  ...LASTING_ANSWERS.map((form) => ({ kind: 'answer', form, isOn: false }) as const),
  ...ROLES.map((role) => ({ kind: 'moveRole', role, isAboveBot: false }) as const),
  ...PEOPLE.flatMap((account) => [
    { kind: 'join', account } as const,
    { kind: 'pass', account } as const,
    { kind: 'timeOut', account, isOn: false } as const,
  ]),
  { kind: 'mend' },
];
const EDITS = { minLength: 6, maxLength: 15, size: 'max' } as const;

/**
 * The world without false answers and lost events. At its end everyone is linked, has roles, and
 * people edit these, which nothing but the session's events can show.
 */
function truthful(
  world: World,
  facts: readonly Step[],
  edits: readonly (readonly [number, Step])[],
): World {
  const steps = [...world.steps.filter(isTruthful), ...REPAIRS, ...links, ...facts, QUIET];
  const last = edits.length / 2;
  for (const [place, edit] of edits.slice(last)) steps.splice(place % steps.length, 0, edit);
  steps.push(...edits.slice(0, last).map(([, edit]) => edit));
  return { ...world, isTruthful: true, isLive: true, resumableMs: 180_000, steps };
}

function isTruthful(step: Step): boolean {
  if (step.kind === 'event') return step.effect.kind === 'double';
  if (step.kind === 'session') return step.ends !== 'end' && step.ends !== 'invalidSeq';
  if (step.kind === 'fault') return !FALSE_FAULTS.has(step.effect.kind);
  return step.kind !== 'lie' && step.kind !== 'listing' && step.kind !== 'live';
}

/** Faults after which neither side knows what Discord has, and one that lasts for hours. */
const FALSE_FAULTS: ReadonlySet<SandboxFaultEffect['kind']> = new Set([
  'lostWrite',
  'staleRead',
  'latency',
  'silence',
  'plainLimit',
]);

import fc from 'fast-check';

import { FOREIGN_ROLES, PEOPLE, ROLES } from './steps.js';

/** The time of a world's latest fact. */
export const LATEST = 30;

export const person = fc.constantFrom(...PEOPLE);

export const links = PEOPLE.map((person) => ({ kind: 'link', person, account: person }) as const);

export const handStep = fc.record({
  kind: just('hand'),
  account: person,
  role: fc.constantFrom(...ROLES, ...FOREIGN_ROLES),
  isGiven: fc.boolean(),
  by: fc.constantFrom('person', 'person', 'bot'),
});

export function just<const T>(value: T): fc.Arbitrary<T> {
  return fc.constant(value);
}

export function weighted<T>(
  choices: readonly (readonly [number, fc.Arbitrary<T>])[],
): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

import { z } from 'zod';

import type { Entries } from './key-entries.js';
import { originOf } from './origins.js';

export const commaSeparated = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

export const Origin = z.string().transform((text, context): string => {
  const origin = originOf(text);
  if (origin === null) context.addIssue('must be an origin, e.g. https://platform.example.org');
  return origin ?? '';
});

export const Port = z.coerce.number().int().min(0).max(65_535);

export const PerMinute = z.coerce.number().int().min(0).max(1_000_000_000);

/** Reads entries, and makes a fault of the setting of each that cannot be read. */
export function entries<Entry>(read: (text: string) => Entries<Entry>) {
  return (text: string, context: z.RefinementCtx): readonly Entry[] => {
    const { found, faults } = read(text);
    for (const fault of faults) context.addIssue(fault);
    return found;
  };
}

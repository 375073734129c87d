import { InputError, UnavailableError } from '../lib/errors.js';

export const busy = () => new UnavailableError(BUSY);

const BUSY =
  'Too many long reads at once; try again, or ask for a narrower filter.';

export const dropped = () =>
  new UnavailableError('The caller dropped the request.');

export const tooLong = (ms: number) =>
  new InputError(
    'BAD_USER_INPUT',
    `This read takes longer than ${ms / 1000} s: use a narrower filter or search, or ask for less at once.`,
  );

/** PostgreSQL's `query_canceled`, as the pool reports it. */
export function isCancelled(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && each.code === '57014') return true;
  return false;
}

import { InputError, UnavailableError } from '../../lib/errors.js';

export const busy = () => new UnavailableError(BUSY);

const BUSY = 'Too many long reads are running. Try again, or use a narrower filter.';

export const cancelledByCaller = () => new UnavailableError('The caller cancelled the request.');

export const stopping = () => new UnavailableError('The connector is stopping. Try again.');

export const tooLong = (ms: number) =>
  new InputError(
    'BAD_USER_INPUT',
    `The read took longer than ${ms / 1000} s. Use a narrower filter or search, or a smaller page.`,
  );

/** PostgreSQL's `query_canceled`, as the pool reports it. */
export function isCancelled(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && each.code === '57014') return true;
  return false;
}

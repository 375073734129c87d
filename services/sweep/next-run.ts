import { Cron } from 'croner';

import { InputError } from '../lib/errors.js';
import type { Timing } from './ports.js';

/** When a sweep is due after `after`; null when it is switched off, or its pattern names no time at all. */
export function nextRun(timing: Timing, after: Date): Date | null {
  if (!timing.isEnabled) return null;
  return (
    new Cron(timing.cron, {
      timezone: timing.timeZone,
      mode: '5-part',
      paused: true,
    }).nextRun(after) ?? null
  );
}

/** Throws an InputError that names the field at fault. */
export function checkTiming(timing: Timing, now: Date): void {
  if (!isTimeZone(timing.timeZone))
    throw new InputError(
      'BAD_USER_INPUT',
      'is no time zone; write its IANA name, e.g. Europe/Berlin',
      'input.timeZone',
    );
  const fault = faultOf(timing, now);
  if (fault !== null)
    throw new InputError('BAD_USER_INPUT', fault, 'input.cron');
}

/** An offset has no summer time, and a reader expects a place. */
function isTimeZone(timeZone: string): boolean {
  try {
    const { timeZone: known } = new Intl.DateTimeFormat('en', {
      timeZone,
    }).resolvedOptions();
    return /^[A-Za-z]/.test(known);
  } catch {
    return false;
  }
}

function faultOf(timing: Timing, now: Date): string | null {
  if (timing.cron.trim().split(/\s+/).length !== 5)
    return 'needs five fields: minute, hour, day of the month, month, day of the week';
  try {
    const next = nextRun({ ...timing, isEnabled: true }, now);
    return next === null ? 'names no time that ever comes' : null;
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

import { createHash } from 'node:crypto';

import { Cron } from 'croner';

import { InputError, messageOf } from '../lib/errors.js';
import type { ClientId, NicknameStrategy } from '../model.js';
import type { ScheduleTiming } from './ports.js';

/**
 * Returns the default schedules. Weekly sweeps list the whole guild, so each client gets its own
 * time of the week. Nickname sweeps are enabled if the client has a nickname policy.
 */
export function defaultSchedule(
  clientId: ClientId,
  nicknames: NicknameStrategy,
): readonly ScheduleTiming[] {
  const usual = { timeZone: 'UTC', isEnabled: true };
  return [
    { ...usual, kind: 'VERIFY_GROUPS', cron: '*/5 * * * *' },
    { ...usual, kind: 'SYNC_ACCOUNTS', cron: weekly(clientId, 'SYNC_ACCOUNTS') },
    { ...usual, kind: 'REMOTE_SYNC', cron: weekly(clientId, 'REMOTE_SYNC') },
    {
      ...usual,
      kind: 'ENFORCE_NICKNAMES',
      cron: `${spread(`${clientId} ENFORCE_NICKNAMES`, 60)} * * * *`,
      isEnabled: nicknames !== 'NONE',
    },
  ];
}

function weekly(clientId: ClientId, kind: string): string {
  const minuteOfWeek = spread(`${clientId} ${kind}`, 7 * 24 * 60);
  const hourOfWeek = Math.floor(minuteOfWeek / 60);
  return `${minuteOfWeek % 60} ${hourOfWeek % 24} * * ${Math.floor(hourOfWeek / 24)}`;
}

/** Returns a number below `limit` from a hash of the text, so that texts spread evenly. */
function spread(text: string, limit: number): number {
  return createHash('sha256').update(text).digest().readUInt32BE() % limit;
}

/**
 * Returns when a sweep is next due after `after`; null if it is disabled or its pattern never
 * matches.
 */
export function nextRun(timing: ScheduleTiming, after: Date): Date | null {
  if (!timing.isEnabled) return null;
  return (
    new Cron(timing.cron, { timezone: timing.timeZone, mode: '5-part', paused: true }).nextRun(
      after,
    ) ?? null
  );
}

/** Throws InputError, naming the field, if the pattern or time zone is invalid. */
export function checkTiming(timing: ScheduleTiming, now: Date): void {
  if (!isTimeZone(timing.timeZone))
    throw new InputError(
      'BAD_USER_INPUT',
      '`timeZone` must be an IANA name such as Europe/Berlin',
      'input.timeZone',
    );
  const fault = faultOf(timing, now);
  if (fault !== null) throw new InputError('BAD_USER_INPUT', fault, 'input.cron');
}

/** Offsets such as +01:00 are rejected, because they ignore daylight saving time. */
function isTimeZone(timeZone: string): boolean {
  try {
    const { timeZone: known } = new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions();
    return /^[A-Za-z]/.test(known);
  } catch {
    return false;
  }
}

function faultOf(timing: ScheduleTiming, now: Date): string | null {
  if (timing.cron.trim().split(/\s+/).length !== 5)
    return '`cron` must have five fields: minute, hour, day of month, month, day of week';
  try {
    const next = nextRun({ ...timing, isEnabled: true }, now);
    return next === null ? '`cron` never matches a time' : null;
  } catch (error) {
    return `\`cron\` is invalid: ${messageOf(error)}`;
  }
}

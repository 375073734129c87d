import { createHash } from 'node:crypto';

import type { ClientId, NicknameStrategy } from '../model.js';
import type { ScheduleTiming } from './ports.js';

/**
 * Default schedules. Weekly sweeps list the whole guild, so each client has its own times of the
 * week. Nickname sweeps run if the client has a nickname policy.
 */
export function defaultSchedule(
  clientId: ClientId,
  nicknames: NicknameStrategy,
): readonly ScheduleTiming[] {
  const usual = { timeZone: 'UTC', isEnabled: true };
  return [
    { ...usual, kind: 'VERIFY_GROUPS', cron: '*/5 * * * *' },
    {
      ...usual,
      kind: 'SYNC_ACCOUNTS',
      cron: weekly(clientId, 'SYNC_ACCOUNTS'),
    },
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

/** The same text always has the same number below `limit`, and texts are spread evenly. */
function spread(text: string, limit: number): number {
  return createHash('sha256').update(text).digest().readUInt32BE() % limit;
}

import type { RoleRefusal } from '../model.js';
import type { RoleStanding } from './explain.js';

/** What stands between a person and a role, or between a role and its being taken back. */
export type RoleBlock =
  | 'NOT_LINKED'
  | 'AUTHORITY_DISCORD'
  | 'AUTHORITY_OBSERVE'
  | 'MAPPING_RETIRED'
  | 'UNKNOWN_MEMBERSHIP'
  | ChangeBlock;

/** What stands between a change that is due and Discord. */
export type ChangeBlock =
  | 'CLIENT_DISABLED'
  | 'CLIENT_STOPPED'
  | 'CLIENT_PAUSED'
  | 'BANNED'
  | 'NOT_IN_GUILD'
  | 'ROLE_ABOVE_BOT'
  | 'ROLE_MANAGED'
  | 'ROLE_GONE'
  | 'MISSING_PERMISSION'
  | 'HELD_BY_GUARD'
  | 'PARKED'
  | 'PENDING';

/** In the order in which they are to be mended: what is wanted first, then what is done about it. */
export function blocksOf(standing: RoleStanding): readonly RoleBlock[] {
  return [...blocksOfWish(standing), ...blocksOfChange(standing)];
}

/** Why nobody says that the person should have it. */
function blocksOfWish(standing: RoleStanding): readonly RoleBlock[] {
  const { mappings, desired, isEnding } = standing;
  if (desired === 'YES') return [];
  const active = mappings.filter((mapping) => !mapping.isRetired);
  const hasAuthority = (authority: string) =>
    mappings.some((mapping) => mapping.authority === authority);
  const missesRetired = mappings.some(
    (mapping) =>
      mapping.isRetired &&
      (active.length === 0 || mapping.membership !== 'notHeld'),
  );
  const isUnknown = active.some(
    ({ authority, membership }) =>
      authority === 'PLATFORM' && membership === 'unknown',
  );
  return named<RoleBlock>([
    ['NOT_LINKED', isEnding && standing.isManaged],
    ['AUTHORITY_DISCORD', hasAuthority('DISCORD')],
    ['AUTHORITY_OBSERVE', hasAuthority('OBSERVE')],
    ['MAPPING_RETIRED', missesRetired],
    ['UNKNOWN_MEMBERSHIP', isUnknown && !isEnding],
  ]);
}

const OF_ROLE: Readonly<Record<RoleRefusal, ChangeBlock>> = {
  EVERYONE: 'ROLE_MANAGED',
  MANAGED: 'ROLE_MANAGED',
  ABOVE_BOT: 'ROLE_ABOVE_BOT',
  MISSING_PERMISSION: 'MISSING_PERMISSION',
  UNKNOWN_ROLE: 'ROLE_GONE',
};

/** Why what is wanted is not so yet. */
function blocksOfChange(standing: RoleStanding): readonly ChangeBlock[] {
  if (!isChangeDue(standing)) return [];
  const { isAbsent, refusal, desired, history } = standing;
  const { client, joinRefusal, isHeldByGuard, job } = history;
  return [
    ...named<ChangeBlock>([
      ['CLIENT_DISABLED', !client.isEnabled],
      ['CLIENT_STOPPED', client.isStopped],
      ['CLIENT_PAUSED', client.isPaused],
      ['BANNED', isAbsent && joinRefusal === 'BANNED'],
      ['NOT_IN_GUILD', isAbsent],
    ]),
    ...(refusal === null ? [] : [OF_ROLE[refusal]]),
    ...named<ChangeBlock>([
      ['HELD_BY_GUARD', isHeldByGuard && desired === 'NO'],
      ['PARKED', job?.isParked === true],
      ['PENDING', job?.isParked === false],
    ]),
  ];
}

/** Discord shows, or may show, something else than what is wanted. */
export function isChangeDue(standing: RoleStanding): boolean {
  const { desired, isHeld, isTakenOver, refusal } = standing;
  if (desired === 'UNKNOWN' || isTakenOver) return false;
  // A role that the guild no longer has is taken back by its own end.
  if (desired === 'NO' && refusal === 'UNKNOWN_ROLE') return false;
  return isHeld !== (desired === 'YES');
}

function named<Block extends RoleBlock>(
  candidates: readonly (readonly [Block, boolean])[],
): readonly Block[] {
  return candidates.filter(([, stands]) => stands).map(([block]) => block);
}

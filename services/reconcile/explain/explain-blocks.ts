import type { ChangeBlock, RemovalVerdict, RoleBlock, RoleRefusal } from '../../model.js';
import type { RequestState } from '../plan/remote.js';
import type { RoleStanding } from './explanation.js';

/**
 * Ordered as they have to be fixed: first why the role is not desired, then why a change waits.
 */
export function blocksOf(standing: RoleStanding): readonly RoleBlock[] {
  return [...blocksOfWish(standing), ...blocksOfChange(standing)];
}

/** Why the role is not desired for the person. */
function blocksOfWish(standing: RoleStanding): readonly RoleBlock[] {
  const { mappings, desired, isEnding } = standing;
  if (desired === 'YES') return [];
  const active = mappings.filter((mapping) => !mapping.isRetired);
  const hasAuthority = (authority: string) =>
    mappings.some((mapping) => mapping.authority === authority);
  const missesRetired = mappings.some(
    (mapping) => mapping.isRetired && (active.length === 0 || mapping.membership !== 'notHeld'),
  );
  const isUnknown = active.some(
    ({ authority, membership }) => authority === 'PLATFORM' && membership === 'unknown',
  );
  return named<RoleBlock>([
    ['NOT_LINKED', isEnding && standing.isMapped],
    ['AUTHORITY_DISCORD', hasAuthority('DISCORD')],
    ['ROLE_REQUESTED', isAsked(standing, 'OPEN')],
    ['REQUEST_DISPUTED', isAsked(standing, 'DISPUTED')],
    ['HELD_BY_GUARD', isRequestHeld(standing)],
    ['AUTHORITY_OBSERVE', hasAuthority('OBSERVE')],
    ['MAPPING_RETIRED', missesRetired],
    ['UNKNOWN_MEMBERSHIP', isUnknown && !isEnding],
  ]);
}

function isAsked({ mappings, isEnding }: RoleStanding, state: RequestState) {
  return !isEnding && mappings.some(({ remote }) => remote?.baseline?.request?.state === state);
}

/**
 * The platform would be asked to remove the person from the group, which waits for approval.
 */
function isRequestHeld({ mappings, isHeld, history }: RoleStanding): boolean {
  return (
    isHeld === false &&
    history.decision?.verdict === 'HELD' &&
    mappings.some(({ remote, membership }) => remote !== null && membership === 'held')
  );
}

const OF_ROLE: Readonly<Record<RoleRefusal, ChangeBlock>> = {
  EVERYONE: 'ROLE_MANAGED',
  MANAGED: 'ROLE_MANAGED',
  ABOVE_BOT: 'ROLE_ABOVE_BOT',
  MISSING_PERMISSION: 'MISSING_PERMISSION',
  UNKNOWN_ROLE: 'ROLE_GONE',
};

/** Why a desired change has not been made yet. */
function blocksOfChange(standing: RoleStanding): readonly ChangeBlock[] {
  if (!isChangeDue(standing)) return [];
  const { isAbsent, refusal, desired, history } = standing;
  const isScreened = standing.isScreened && desired === 'YES';
  const { client, joinRefusal, decision, job } = history;
  const isSaid = (verdict: RemovalVerdict) => desired === 'NO' && decision?.verdict === verdict;
  return [
    ...named<ChangeBlock>([
      ['CLIENT_DISABLED', !client.isEnabled],
      ['CLIENT_STOPPED', client.isStopped],
      ['CLIENT_PAUSED', client.isPaused],
      ['BANNED', isAbsent && joinRefusal === 'BANNED'],
      ['NOT_IN_GUILD', isAbsent],
      ['SCREENING', isScreened],
    ]),
    ...(refusal === null ? [] : [OF_ROLE[refusal]]),
    ...named<ChangeBlock>([
      ['HELD_BY_GUARD', isSaid('HELD')],
      ['REMOVAL_REJECTED', isSaid('REJECTED')],
      ['PARKED', job?.isParked === true && !isScreened],
      ['PENDING', job?.isParked === false],
    ]),
  ];
}

/** Discord's state differs, or may differ, from the desired one. */
export function isChangeDue(standing: RoleStanding): boolean {
  const { desired, isHeld, isTakenOver, refusal } = standing;
  if (desired === 'UNKNOWN' || isTakenOver) return false;
  // Deleting a role at Discord already removed it from all its holders.
  if (desired === 'NO' && refusal === 'UNKNOWN_ROLE') return false;
  return isHeld !== (desired === 'YES');
}

function named<Block extends RoleBlock>(
  candidates: readonly (readonly [Block, boolean])[],
): readonly Block[] {
  return candidates.filter(([, stands]) => stands).map(([block]) => block);
}

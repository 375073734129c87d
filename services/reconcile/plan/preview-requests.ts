import type { GroupId, RoleId } from '../../model.js';
import type { MemberFacts } from '../ports.js';
import type { RequestPlan, RequestedChange } from './remote.js';

/** A request that would be made to the platform. */
export interface PreviewedRequest {
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly change: RequestedChange;
  /** The removal guard holds it, or would. */
  readonly isHeld: boolean;
}

export function previewRequests(
  { mappings }: Pick<MemberFacts, 'mappings'>,
  { readings, waiting }: RequestPlan,
  held: readonly RoleId[],
): readonly PreviewedRequest[] {
  const asked = readings.flatMap(({ groupId, roleId, asks }) =>
    asks === null ? [] : [{ groupId, roleId, change: asks, isHeld: held.includes(roleId) }],
  );
  const waits = mappings
    .filter(({ roleId }) => waiting.includes(roleId))
    .map(({ groupId, roleId }) => ({
      groupId,
      roleId,
      change: 'REMOVED' as const,
      isHeld: true,
    }));
  return [...asked, ...waits];
}

export function countRequests(requests: readonly PreviewedRequest[]): string | null {
  const { length } = requests;
  if (length === 0) return null;
  return `${length} ${length === 1 ? 'change' : 'changes'} to request from the platform`;
}

import type { RoleId } from '../../model.js';
import type { MappingFacts, MemberFacts } from '../ports.js';

/**
 * Whether a member should have a mapped role. `unknown`: no source has said "no" yet, so a held
 * role stays. `isTakenBack`: a person retired a mapping of the role, or all of them, with
 * TAKE_BACK, and that is the only reason this member should not have it.
 */
export interface DesiredRole {
  readonly verdict: 'yes' | 'no' | 'unknown';
  readonly isTakenBack: boolean;
}

/**
 * Every mapped role with its verdict. Empty for a member without a link, who is never written to.
 */
export function desiredRoles(
  facts: Pick<MemberFacts, 'client' | 'links' | 'mappings'>,
): ReadonlyMap<RoleId, DesiredRole> {
  if (facts.links.length === 0) return new Map();
  const byRole = Map.groupBy(facts.mappings, (mapping) => mapping.roleId);
  return new Map([...byRole].map(([roleId, mappings]) => [roleId, desiredRole(facts, mappings)]));
}

function desiredRole(
  facts: Pick<MemberFacts, 'client' | 'links'>,
  mappings: readonly MappingFacts[],
): DesiredRole {
  const verdicts = new Set(mappings.map((mapping) => mappingVerdict(facts, mapping)));
  const isTakenBack =
    mappings.every((mapping) => mapping.isRetired) || mappings.some(isDeniedByRetirement);
  if (verdicts.has('yes')) return { verdict: 'yes', isTakenBack };
  return { verdict: verdicts.has('unknown') ? 'unknown' : 'no', isTakenBack };
}

function isDeniedByRetirement({ isRetired, membership }: MappingFacts): boolean {
  return isRetired && membership === 'held';
}

function mappingVerdict(
  { client, links }: Pick<MemberFacts, 'client' | 'links'>,
  mapping: MappingFacts,
): DesiredRole['verdict'] {
  // Only PLATFORM decides here. For roles under authority DISCORD see plan-requests.ts.
  if (mapping.authority !== 'PLATFORM') return 'unknown';
  if (mapping.isRetired || links.every((link) => link.status === 'ENDING')) return 'no';
  if (mapping.membership === 'held') return 'yes';
  if (mapping.membership === 'notHeld') return 'no';
  // The account belonged to another user until now. Roles granted to that user must not pass to
  // this one.
  const isHandedOver = links.some((link) => link.status === 'ENDING');
  return isHandedOver || client.unknownMembership === 'REMOVE' ? 'no' : 'unknown';
}

import { ok, warning, type Check } from './check.js';

/** Linked people, and those whose membership in a mapped group is unknown. */
export interface UnknownMemberships {
  readonly linked: number;
  readonly unknown: number;
  /** The platform has sent at least one group, for any community. */
  readonly hasGroups: boolean;
}

export function membershipChecks(memberships: UnknownMemberships): readonly Check[] {
  const { hasGroups } = memberships;
  return [...(hasGroups ? [] : [NO_GROUPS]), membershipCheck(memberships)];
}

const NO_GROUPS = warning(
  'platform groups',
  'The platform has not sent any group yet, so no role can be mapped.',
  'Send the groups with upsertPlatformGroups or platform.group.changed.v1 events, then call createRoleMapping.',
);

function membershipCheck({ linked, unknown }: UnknownMemberships): Check {
  const name = 'known memberships';
  if (unknown === 0) {
    return ok(name, `All memberships of linked people (${linked}) are known.`);
  }
  return warning(
    name,
    `Memberships are unknown for ${unknown} of ${linked} linked people (${percent(unknown, linked)}). An unknown membership neither adds nor removes a role.`,
    "Send a snapshot of each person's memberships: replaceMemberships, or platform.group.membership.snapshot.v1.",
  );
}

function percent(part: number, whole: number): string {
  const share = Math.floor((part * 100) / Math.max(1, whole));
  return share === 0 ? 'less than 1 %' : `${share} %`;
}

import type { RoleRefusal } from '../../../services/model.js';
import { explainRole } from '../../../services/reconcile/explain/explain.js';
import type {
  LinkFacts,
  MappingFacts,
  MemberFacts,
  MembershipKnowledge,
} from '../../../services/reconcile/ports.js';
import { mappingFacts, memberFacts, PILOT, presentMember } from '../../builders/member-facts.js';
import { roleHistory } from '../../builders/role-history.js';
import type {
  RoleExplanation,
  RoleHistory,
} from '../../../services/reconcile/explain/explanation.js';

export const LINK: LinkFacts = {
  linkId: 'link-1',
  platformUserId: 'jane',
  status: 'ACTIVE',
  isEndAskedFor: false,
};
export const ENDING: LinkFacts = { ...LINK, status: 'ENDING' };
export const OTHER: LinkFacts = {
  ...LINK,
  linkId: 'link-2',
  platformUserId: 'joe',
};
export const DUE_AT = new Date('2026-11-22T18:00:00Z');

export interface World {
  readonly mappings?: readonly Partial<MappingFacts>[];
  readonly membership?: MembershipKnowledge;
  /** Null: never seen. */
  readonly isHeld?: boolean | null;
  readonly isAbsent?: boolean;
  readonly refusal?: RoleRefusal | null;
  readonly client?: Partial<MemberFacts['client']>;
  readonly links?: readonly LinkFacts[];
  readonly history?: Partial<RoleHistory>;
}

/** A person whose group is mapped to the role; a test says how it stands with both. */
export function explain(world: World): RoleExplanation {
  const { isHeld = false, links = [LINK] } = world;
  const given = world.mappings ?? [{ membership: world.membership ?? 'held' }];
  const roleIds = isHeld === true ? [PILOT] : [];
  const seen =
    world.isAbsent === true
      ? ({ isPresent: false } as const)
      : ({ isPresent: true, ...presentMember({ roleIds }) } as const);
  const explanation = explainRole({
    roleId: PILOT,
    link: links[0] ?? LINK,
    facts: memberFacts({
      links,
      mappings: given.map((mapping) => mappingFacts(mapping)),
      roles: new Map([[PILOT, world.refusal ?? null]]),
      mirror: isHeld === null ? null : seen,
      ...(world.client && { client: world.client }),
    }),
    history: roleHistory(world.history),
  });
  if (explanation === null) throw new Error('the role is not known');
  return explanation;
}

export const SAYS_IN = 'the platform says they are in Pilots (2026-11-20 10:00:00 UTC)';
export const SAYS_NOT_IN = 'the platform says they are not in Pilots (2026-11-20 10:00:00 UTC)';
export const SAYS_NOTHING = 'the platform has not reported whether they are in Pilots';

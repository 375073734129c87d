import type { MemberKey, RoleId } from '../model.js';
import { desiredRoles } from './desired.js';
import { guardRemovals } from './guard.js';
import { planRoles, type MemberPlan } from './plan.js';
import type { MappingFacts, MemberFacts } from './ports.js';
import type { GuardTally } from './records.js';

/** What the next run would do, from the mirror alone. Asks Discord nothing and changes nothing. */
export interface Preview extends Omit<MemberPlan, 'approved'> {
  readonly held: readonly RoleId[];
  /** When the mirror was last true; null: Discord was never asked. */
  readonly observedAt: Date | null;
  readonly summary: string;
}

export function createPreview(deps: {
  readonly readMember: (member: MemberKey) => Promise<MemberFacts | null>;
  readonly readTally: (
    clientId: string,
    removals: number,
  ) => Promise<GuardTally>;
}) {
  return async (member: MemberKey): Promise<Preview | null> => {
    const facts = await deps.readMember(member);
    if (facts === null) return null;
    const actual = facts.mirror?.isPresent === true ? facts.mirror.roleIds : [];
    const { approved, ...plan } = planRoles({
      desired: desiredRoles(asIfWritten(facts)),
      actual: new Set(actual),
      written: new Set(),
      refusals: facts.roles,
    });
    const removals = plan.remove.filter((roleId) => !approved.includes(roleId));
    const tally = await deps.readTally(member.clientId, removals.length);
    const verdict = guardRemovals({
      removals,
      tally,
      limits: facts.client.guard,
    });
    const held = verdict.heldRemovals;
    const remove = plan.remove.filter((roleId) => !held.includes(roleId));
    return {
      ...plan,
      remove,
      held,
      observedAt: facts.mirrorReadAt,
      summary: summaryOf(facts, { ...plan, remove, held }),
    };
  };
}

function summaryOf(
  facts: MemberFacts,
  plan: Omit<Preview, 'summary' | 'observedAt'>,
): string {
  if (facts.mirror === null)
    return 'Discord was not asked about this member yet; the first run reads it before it plans';
  if (!facts.mirror.isPresent) return 'the account is not in the guild';
  const parts = [
    count(plan.add, 'to add'),
    count(plan.remove, 'to remove'),
    count(plan.held, 'held by the removal guard'),
    count(plan.unknown, 'kept because a group is unknown'),
    count(plan.blocked, 'that the bot cannot change'),
  ].filter((part) => part !== null);
  if (parts.length === 0) return 'in step';
  const isObserved = facts.mappings.some(isOnlyObserved);
  return isObserved
    ? `${parts.join(', ')}; nothing of what is only observed is written`
    : parts.join(', ');
}

/** What is only observed shows its differences, as they would be carried out once the platform has the say. */
function asIfWritten(facts: MemberFacts): MemberFacts {
  return {
    ...facts,
    mappings: facts.mappings.map((mapping) =>
      isOnlyObserved(mapping) ? { ...mapping, authority: 'PLATFORM' } : mapping,
    ),
  };
}

function isOnlyObserved({ authority }: MappingFacts): boolean {
  return authority === 'OBSERVE';
}

function count(roles: readonly unknown[], what: string): string | null {
  if (roles.length === 0) return null;
  return `${roles.length} ${roles.length === 1 ? 'role' : 'roles'} ${what}`;
}

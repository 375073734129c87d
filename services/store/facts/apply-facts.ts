import type { Db } from '../entities/entities.js';
import { TerminalError } from '../../lib/errors.js';
import type { FactOutcome, PlatformFact } from '../../model.js';
import type { Database } from '../connection/database.js';
import { membersOfFacts } from '../decisions/fact-burst.js';
import { holdBurst, type Guard } from '../decisions/hold-burst.js';
import { forgetPeople } from '../erasure/forget-people.js';
import { endLinksOfDeletedUsers } from '../links/end-links.js';
import { markGroups, markMemberships, markPeople } from '../jobs/mark.js';
import { lockMappingsToMark, mappedAmong } from '../mappings/mapping-lock.js';
import { endMemberships, type EndedMembership } from './end-memberships.js';
import { foldFacts } from './fold-facts.js';
import { readKnown } from './read-known.js';
import { answersAmong } from './repeated-facts.js';
import type { Folded, MemberMark } from './touched.js';
import { writeKnown } from './write-known.js';

/**
 * The events and the API both end here. One transaction writes the facts and the marks that follow
 * from them. Outcomes are in the order of the facts. A fact that is already recorded changes
 * nothing and marks no member.
 */
export function createApplyFacts(deps: { database: Database; windowMs: number; guard: Guard }) {
  return async (facts: readonly PlatformFact[]): Promise<readonly FactOutcome[]> => {
    if (facts.length === 0) return [];
    return translated(() =>
      deps.database.transaction(async ({ sql: db }) => {
        const { known, linkedUserIds } = await readKnown(db, facts);
        const folded = foldFacts(known, facts);
        await writeKnown(db, known, folded);
        const ended = await endMemberships(db, known, folded);
        await endLinksOfDeletedUsers(db, folded.deletedUsers, deps.windowMs);
        await forgetPeople(
          db,
          folded.deletedUsers.map(({ platformUserId }) => platformUserId),
        );
        const isLinked = ({ platformUserId }: MemberMark) => linkedUserIds.has(platformUserId);
        const repeated = folded.repetitions.filter(isLinked);
        const marks = folded.memberMarks
          .filter(isLinked)
          .concat(endedBesides(folded, ended))
          .concat(await answersAmong(db, repeated));
        if (marks.length + folded.groupMarks.length > 0) await lockMappingsToMark(db);
        await markGroups(db, folded.groupMarks, {
          ended,
          windowMs: deps.windowMs,
        });
        const mapped = await ofMapped(db, marks);
        await markMemberships(db, mapped, deps.windowMs);
        const losing = membersOfFacts(known, folded, mapped);
        if (losing !== null) await holdBurst(db, deps.guard, losing);
        const people = folded.personMarks.filter(({ platformUserId }) =>
          linkedUserIds.has(platformUserId),
        );
        await markPeople(db, people, deps.windowMs);
        return folded.outcomes;
      }),
    );
  };
}

/**
 * Memberships that ended in a group which is not marked as a whole, because its deletion arrived
 * after its return.
 */
function endedBesides(
  { groupMarks, groupDeletions }: Folded,
  ended: readonly EndedMembership[],
): readonly MemberMark[] {
  const causes = new Map(groupDeletions.map((each) => [each.groupId, each.cause]));
  for (const { groupId } of groupMarks) causes.delete(groupId);
  return ended.flatMap((each) => {
    const cause = causes.get(each.groupId);
    return cause === undefined ? [] : [{ ...each, cause }];
  });
}

/** Most groups of a platform are not mapped, and facts about them affect no member. */
async function ofMapped(db: Db, marks: readonly MemberMark[]): Promise<readonly MemberMark[]> {
  const groupIds = new Set(marks.flatMap(({ groupId }) => groupId ?? []));
  const mapped = await mappedAmong(db, groupIds);
  return marks.filter(({ groupId }) => groupId === null || mapped.has(groupId));
}

/**
 * Class 22 (data exception) and 23 (constraint violation): the data is at fault, so retrying cannot
 * help.
 */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^2[23]/.test(code)) throw error;
    throw new TerminalError('UNREADABLE_FACT', `the database rejected a fact (SQLSTATE ${code})`, {
      cause: error,
    });
  }
}

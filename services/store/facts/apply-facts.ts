import { sql } from 'kysely';

import { lockMappingsToMark, mappedAmong } from '../mappings/mapping-rows.js';
import { TerminalError } from '../../lib/errors.js';
import type { FactOutcome, PlatformFact, PlatformUserId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { type Guard, holdBurst, membersOfFacts } from '../decisions/hold-burst.js';
import type { Db } from '../entities/entities.js';
import { forgetPeople } from '../erasure/forget-people.js';
import { type EndedMembership, endMemberships } from './end-memberships.js';
import { foldFacts } from './fold-facts.js';
import type { Known } from './known.js';
import { readKnown } from './read-known.js';
import type { Folded, MemberMark } from './touched.js';
import { writeKnown } from './write-known.js';
import { markGroups, markMemberships, markPeople } from '../jobs/mark.js';
import { endLinksOfDeletedUsers } from '../links/end-links.js';

/**
 * From this number of facts on, it is cheaper to plan each statement for its values. From this
 * number of marks on, it is cheaper to read first which groups are mapped.
 */
const MANY = 20;

/**
 * Records facts from events and the API, and marks the affected members, in one transaction.
 * Returns outcomes in the order of the facts. A fact that is already recorded changes nothing and
 * marks no member.
 */
export function createApplyFacts(deps: { database: Database; guard: Guard }) {
  return async (facts: readonly PlatformFact[]): Promise<readonly FactOutcome[]> => {
    if (facts.length === 0) return [];
    return translated(() =>
      deps.database.pipeline(async (db) => {
        const { known, linkedUserIds } = await readKnown(db, facts);
        const folded = foldFacts(known, facts);
        // The pipeline sends both without waiting. The marks see the writes, because they are sent
        // after them.
        await Promise.all([
          writeKnown(db, known, folded),
          markAffected(db, deps.guard, { known, folded, linkedUserIds }),
        ]);
        return folded.outcomes;
      }, facts.length < MANY),
    );
  };
}

/**
 * Ends the memberships of deleted groups and the links of deleted users, marks the affected
 * members, and holds their removals if there are too many.
 */
async function markAffected(
  db: Db,
  guard: Guard,
  changed: {
    readonly known: Known;
    readonly folded: Folded;
    readonly linkedUserIds: ReadonlySet<PlatformUserId>;
  },
): Promise<void> {
  const { known, folded, linkedUserIds } = changed;
  const ended = await endMemberships(db, known, folded);
  await endLinksOfDeletedUsers(db, folded.deletedUsers);
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
  const people = folded.personMarks.filter(({ platformUserId }) =>
    linkedUserIds.has(platformUserId),
  );
  const [marked] = await Promise.all([
    markMapped(db, marks, folded.groupMarks.length > 0),
    markGroups(db, folded.groupMarks, ended),
    markPeople(db, people),
  ]);
  const losing = membersOfFacts(known, folded, marked);
  if (losing !== null) await holdBurst(db, guard, losing);
}

/**
 * A deletion of a group can arrive after a newer fact that restored the group. The deletion then
 * ends only the memberships that are not newer than itself; this returns the marks for them. Every
 * other deletion marks the whole group.
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

/**
 * Takes the lock of `lockMappingsToMark`, then marks the members of mapped groups. Returns the
 * marks. If there are at least MANY, leaves out those of unmapped groups: most groups of a platform
 * are not mapped, and facts about them affect no member.
 */
async function markMapped(
  db: Db,
  marks: readonly MemberMark[],
  marksGroups: boolean,
): Promise<readonly MemberMark[]> {
  if (marks.length === 0 && !marksGroups) return marks;
  if (marks.length < MANY) {
    await Promise.all([lockMappingsToMark(db), markMemberships(db, marks)]);
    return marks;
  }
  const groupIds = new Set(marks.flatMap(({ groupId }) => groupId ?? []));
  const [, mapped] = await Promise.all([lockMappingsToMark(db), mappedAmong(db, groupIds)]);
  const marked = marks.filter(({ groupId }) => groupId === null || mapped.has(groupId));
  await markMemberships(db, marked);
  return marked;
}

/**
 * Turns SQLSTATE classes 22 (data exception) and 23 (constraint violation) into a TerminalError:
 * the data is at fault, so retrying cannot help.
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

/**
 * Returns the repeated facts that still matter: they answer an open request to the platform, or
 * concern a removal that a person rejected. Other repeated facts affect no member.
 */
async function answersAmong(
  db: Db,
  repeated: readonly MemberMark[],
): Promise<readonly MemberMark[]> {
  if (repeated.length === 0) return [];
  const { rows } = await sql<{ place: number }>`
    select m.place::int as place
    from unnest(${repeated.map((mark) => mark.platformUserId)}::text[], ${repeated.map((mark) => mark.groupId)}::text[])
      with ordinality as m (platform_user_id, group_id, place)
    where exists (
      select from link l
      join role_mapping p on p.client_id = l.client_id and p.group_id = m.group_id
      where l.platform_user_id = m.platform_user_id and (
        exists (
          select from removal_decision d
          where d.client_id = l.client_id and d.discord_user_id = l.discord_user_id and d.role_id = p.role_id
            and d.verdict = 'REJECTED')
        or exists (
          select from remote_membership b
          where b.link_id = l.id and b.mapping_id = p.id and b.request_state = 'OPEN')))`.execute(
    db,
  );
  return rows.flatMap(({ place }) => repeated[place - 1] ?? []);
}

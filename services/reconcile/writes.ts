import { isListCheaper, MOST_SINGLE_WRITES_INSTEAD, type RoleId } from '../model.js';

/** What is still to be changed about one member. */
export interface Pending {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Null: it stays as it is. */
  readonly nickname: string | null;
}

/**
 * The next call to Discord, or that none may be made before `until`. An edit with changes of roles
 * writes the whole list.
 */
export type Write =
  | { readonly kind: 'removeRole'; readonly roleId: RoleId }
  | { readonly kind: 'addRole'; readonly roleId: RoleId }
  | ({ readonly kind: 'edit' } & Pending)
  | { readonly kind: 'wait'; readonly until: number };

/**
 * A change of roles that nobody waits for is not made twice the work for a nickname that may be
 * written this soon.
 */
const NICKNAME_WAIT_MS = 10_000;

export interface Choice extends Pending {
  /** False also where a list was refused, or its sources disagree: see whole-list.ts. */
  readonly wholeListWrites: boolean;
  /** A list may be written from what has been read. */
  readonly needsNoRead: boolean;
  readonly isUrgent: boolean;
  readonly now: number;
  /** When so many single roles may be written, and a member be edited; in the past: at once. */
  readonly singlesFrom: number;
  readonly listsFrom: number;
}

/**
 * Both ways of writing roles have limits of their own, so what the one does not allow for now goes
 * the other. Null: nothing is left to do. Removals first: a revoked privilege should not outlive a
 * grant.
 */
export function nextWrite(choice: Choice): Write | null {
  const { add, remove, nickname, now, listsFrom, isUrgent } = choice;
  const changes = add.length + remove.length;
  if (changes === 0 && nickname === null) return null;
  const edit = { kind: 'edit', add, remove, nickname } as const;
  if (changes === 0) return listsFrom > now ? wait(listsFrom) : edit;

  const isNicknameSoon =
    nickname !== null && listsFrom > now && listsFrom - now <= NICKNAME_WAIT_MS;
  if (isNicknameSoon && !isUrgent) return wait(listsFrom);

  const single = singleWrite(choice) ?? edit;
  const ways = waysOf(choice, changes);
  const open = ways.find((way) => way.from <= now);
  if (open) return open.isList ? edit : single;
  return wait(Math.min(...ways.map((way) => way.from)));
}

interface Way {
  readonly isList: boolean;
  readonly from: number;
}

/** The cheaper one first. */
function waysOf(choice: Choice, changes: number): readonly Way[] {
  const { wholeListWrites, nickname, needsNoRead } = choice;
  const list = { isList: true, from: choice.listsFrom };
  const singles = { isList: false, from: choice.singlesFrom };
  if (!wholeListWrites) return [singles];
  if (changes > MOST_SINGLE_WRITES_INSTEAD) return [list];
  const isRenamed = nickname !== null;
  return isListCheaper({ changes, isRenamed, isRead: needsNoRead })
    ? [list, singles]
    : [singles, list];
}

const wait = (until: number) => ({ kind: 'wait', until }) as const;

function singleWrite({ add, remove }: Pending): Write | undefined {
  const [removed] = remove;
  if (removed !== undefined) return { kind: 'removeRole', roleId: removed };
  const [added] = add;
  return added === undefined ? undefined : { kind: 'addRole', roleId: added };
}

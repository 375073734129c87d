import { isListCheaper, MOST_SINGLE_WRITES_INSTEAD, type RoleId } from '../../model.js';

/** What is still to be changed for one member. */
export interface Pending {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Null: the nickname is not changed. */
  readonly nickname: string | null;
}

/**
 * The next call to Discord, or a wait until `until`. An edit with role changes writes the whole
 * list.
 */
export type Write =
  | { readonly kind: 'removeRole'; readonly roleId: RoleId }
  | { readonly kind: 'addRole'; readonly roleId: RoleId }
  | ({ readonly kind: 'edit' } & Pending)
  | { readonly kind: 'wait'; readonly until: number };

/** A role change that is not urgent waits this long for a nickname, so that one call does both. */
const NICKNAME_WAIT_MS = 10_000;

export interface Choice extends Pending {
  /** Also false if a list was refused or its sources disagree: see whole-list.ts. */
  readonly wholeListWrites: boolean;
  /** True: a list may be written from what has been read. */
  readonly needsNoRead: boolean;
  readonly isUrgent: boolean;
  readonly now: number;
  /** When this many single roles can be written, and a member edited; in the past: at once. */
  readonly singlesFrom: number;
  readonly listsFrom: number;
}

/**
 * Single writes and lists have separate limits, so if one is exhausted the other is used. Null:
 * nothing is left to do. Removals come first: a revoked privilege should not outlive a grant.
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

/** The cheaper way first. */
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

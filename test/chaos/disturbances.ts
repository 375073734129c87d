import { DEMO } from '../../services/demo/demo-world.js';
import type { WireCall } from './wire.js';
import type { Play } from './play.js';
import type { Person } from './steps.js';

const { accounts, guildId } = DEMO;

/**
 * Where the final state of a role cannot be predicted, because of edits by people or faults of
 * Discord.
 */
export interface Disturbances {
  /**
   * The role was edited by a person, lost by leaving and joining, read from a stale response, lost
   * by Discord, written late, or deleted.
   */
  touches(account: Person, roleId: string): boolean;
  /** As `touches`, but without the member lists that were false. */
  isEdited(account: Person, roleId: string): boolean;
  /** As `touches`, but without the edits by people, of which a live session tells. */
  isMisshown(account: Person, roleId: string): boolean;
  /**
   * The role was written back as it was read, in the window between reading and writing a whole
   * list.
   */
  isUndone(account: Person, roleId: string): boolean;
  /** A person edited the role between the reading and one of these writes of a whole list. */
  isInWindow(account: Person, roleId: string, lists: readonly WireCall[]): boolean;
  /**
   * A reading once showed the account without its roles, so the connector had nothing to remove.
   */
  wasShownBare(account: Person): boolean;
  /** Discord lost a write, or carried it out after the caller gave up: the result is unknown. */
  isUnsure(account: Person, roleId: string): boolean;
}

export function disturbancesOf({ stage, hands }: Play): Disturbances {
  const { faulted, wire } = stage;

  const isUnsure = (account: Person, roleId: string) => {
    const lost = faulted.filter(({ fault }) => fault === 'lostWrite');
    const late = wire.calls.filter((call) => call.isLate && call.method !== 'GET');
    return [...lost, ...late].some((call) => names(call, account, roleId));
  };

  const isStale = (account: Person) =>
    faulted.some((call) => call.fault === 'staleRead' && isAbout(call.path, account));

  const isLiedAbout = (account: Person) =>
    wire.lies.told.some(({ form, path }) => isAbout(path, account) && !form.includes('Code'));

  const editsOf = (account: Person, roleId: string) =>
    hands.edits.filter(
      (edit) => edit.account === account && (edit.roleId === null || edit.roleId === roleId),
    );

  const isInWindow = (account: Person, roleId: string, lists: readonly WireCall[]) =>
    editsOf(account, roleId).some(({ at }) =>
      lists.some((list) => at >= list.startedAt - READ_BEFORE_MS && at <= list.endedAt + LATE_MS),
    );

  const isUndone = (account: Person, roleId: string) => {
    if (!hands.exists(roleId)) return true;
    const lists = wire.calls.filter(
      (call) => call.method === 'PATCH' && isAbout(call.path, account),
    );
    return isInWindow(account, roleId, lists);
  };

  const isDistorted = (account: Person, roleId: string) =>
    isUnsure(account, roleId) || isStale(account) || isLiedAbout(account);

  const isEdited = (account: Person, roleId: string) =>
    isDistorted(account, roleId) || !hands.exists(roleId) || editsOf(account, roleId).length > 0;

  return {
    isUnsure,
    isUndone,
    isInWindow,
    wasShownBare: (account) => isStale(account) || isLiedAbout(account),
    isEdited,
    isMisshown: (account, roleId) =>
      wire.listings.loggedAt.length > 0 ||
      isDistorted(account, roleId) ||
      (roleId !== guildId && !hands.exists(roleId)),
    // The connector may have believed a false list.
    touches: (account, roleId) => wire.listings.loggedAt.length > 0 || isEdited(account, roleId),
  };
}

/**
 * A list is written within a second of its reading; the reading itself may take as long as a call.
 */
const READ_BEFORE_MS = 1_300;
/** Discord may still carry out a call that its caller gave up. */
const LATE_MS = 1_000;

function isAbout(path: string, account: Person): boolean {
  return path.includes(accounts[account]);
}

function names(
  { path, method }: { readonly path: string; readonly method: string },
  account: Person,
  roleId: string,
): boolean {
  return isAbout(path, account) && (method === 'PATCH' || path.includes(roleId));
}

import { DEMO } from '../../services/sandbox/demo-world.js';
import type { WireCall } from '../support/chaos-wire.js';
import type { Play } from './play.js';
import type { Person } from './steps.js';

const { accounts } = DEMO;

/**
 * Where the end of a role cannot be foretold, because somebody or something else has had a hand in
 * it.
 */
export interface Disturbances {
  /**
   * Edited by hand or by coming and going, read as it was before, lost by Discord, written late, or
   * gone with its role.
   */
  touches(account: Person, roleId: string): boolean;
  /** As `touches`, but for lists that lied. */
  isEdited(account: Person, roleId: string): boolean;
  /** Written back as it was read, in the window between reading and writing a whole list. */
  isUndone(account: Person, roleId: string): boolean;
  /** Edited by hand between the reading and one of these writes of a whole list. */
  isInWindow(account: Person, roleId: string, lists: readonly WireCall[]): boolean;
  /** Shown once without what they had: by that reading, nothing was left to be taken. */
  wasShownBare(account: Person): boolean;
  /** Lost by Discord, or carried out when the caller had given up: nobody can know. */
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

  const isEdited = (account: Person, roleId: string) =>
    isUnsure(account, roleId) ||
    isStale(account) ||
    isLiedAbout(account) ||
    !hands.exists(roleId) ||
    editsOf(account, roleId).length > 0;

  return {
    isUnsure,
    isUndone,
    isInWindow,
    wasShownBare: (account) => isStale(account) || isLiedAbout(account),
    isEdited,
    // A list that lied may have been taken for what Discord had.
    touches: (account, roleId) => wire.listings.toldAt.length > 0 || isEdited(account, roleId),
  };
}

/**
 * A list is written within a second of its reading; the reading itself may take as long as a call.
 */
const READ_BEFORE_MS = 1_300;
/** What was given up may still be carried out. */
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

import { named } from '../../lib/named.js';
import type { ClientId } from '../../model.js';
import type { ParkedMembersView, UnlinkedRoleView } from '../mappings/unlinked-ports.js';
import type { CheckResult } from '../kit/views.js';

/** Roles that one check names; there may be hundreds. */
const MOST_NAMED = 10;

/**
 * Members that nothing is tried for until a cause ends, the next fact about them, or the next day.
 */
export function parkedCheck(
  clientId: ClientId,
  parked: ParkedMembersView | null,
): readonly CheckResult[] {
  if (parked === null) return [];
  const { members, causes } = parked;
  const list = causes.map((each) => `${each.cause} (${each.members})`);
  const ends = causes.map(({ endedBy }) => endedBy);
  const known = [...new Set(ends)].filter((each) => each !== null);
  return [
    {
      name: 'parked members',
      result: 'WARNING',
      message: `${members === 1 ? '1 linked member is' : `${members} linked members are`} parked and not in step: ${list.join('; ')}.`,
      remedy: `${sentencesOf(known)}List them with discordUsers(clientId: "${clientId}", filter: { states: [PARKED] }); each is tried again once a day.`,
    },
  ];
}

const sentencesOf = (texts: readonly string[]) =>
  texts.map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}. `).join('');

/**
 * Accounts without a link that hold mapped roles: no group explains them, and the connector never
 * removes their roles.
 */
export function unlinkedHoldersCheck(
  clientId: ClientId,
  roles: readonly UnlinkedRoleView[],
): readonly CheckResult[] {
  const held = roles.filter(({ holders }) => holders !== null && holders > 0);
  const [first] = held;
  if (first === undefined) return [];
  const shown = held
    .slice(0, MOST_NAMED)
    .map(({ roleId, name, holders }) => `${named('role', roleId, name)}: ${holders}`);
  const more = held.length - shown.length;
  const list = [...shown, ...(more > 0 ? [`${more} more roles`] : [])];
  return [
    {
      name: 'unlinked holders',
      result: 'WARNING',
      message: `Accounts without a link hold mapped roles (${list.join(', ')}). They keep them: the connector changes linked members only.`,
      remedy: `List them with unlinkedHolders(clientId: "${clientId}", roleId: "${first.roleId}"), then link each account, or remove its role on Discord.`,
    },
  ];
}

import { DEMO } from '../../services/demo/demo-world.js';
import type { WireCall } from './wire.js';
import type { Disturbances } from './disturbances.js';
import type { Play } from './play.js';
import { botChanges, type Change } from './record-rules.js';
import { PEOPLE } from './steps.js';

/**
 * Roles that no mapping ever named are where people put them, whatever Discord has answered: no
 * write of the connector's has moved one. But for what a whole list cannot help: an edit by hand
 * within the window between its reading and its writing.
 */
export function foreignFaults(play: Play, disturbances: Disturbances): readonly string[] {
  const moved = botChanges(play).filter(
    ({ account, roleId, recordId }) =>
      play.hands.foreign.has(roleId) &&
      !disturbances.isInWindow(account, roleId, writesOf(play, recordId)),
  );
  return [...moved.map((change) => describe(play, change)), ...misplaced(play, disturbances)];
}

/** Seen from the end; what nobody has noted down is found here. */
function misplaced({ hands }: Play, disturbances: Disturbances): readonly string[] {
  return [...hands.foreign].flatMap(([roleId, holders]) =>
    PEOPLE.flatMap((account) => {
      const held = hands.held(account);
      const isRight = held?.includes(roleId) === holders.has(account);
      return held === undefined || isRight || disturbances.isUndone(account, roleId)
        ? []
        : [`${account} ${holders.has(account) ? 'lacks' : 'holds'} the foreign role ${roleId}`];
    }),
  );
}

const writesOf = ({ stage }: Play, recordId: string): readonly WireCall[] =>
  stage.wire.calls.filter(({ method, reason }) => method === 'PATCH' && reason.includes(recordId));

function describe(play: Play, change: Change): string {
  const { account, roleId, direction, recordId, at } = change;
  const about = DEMO.accounts[account];
  const writes = writesOf(play, recordId).map(
    ({ method, path, body, startedAt }) => `${method} ${path} ${body} [${startedAt % 1e6}]`,
  );
  const lies = play.stage.wire.lies.told
    .filter((lie) => at - lie.at < TOLD_OF_MS)
    .filter(({ path }) => path.includes(about) || !path.includes('/members/'))
    .map((lie) => `${lie.form} [${lie.at % 1e6}]`);
  return `the foreign role ${roleId} of ${account} was ${direction} [${at % 1e6}] by ${writes.join(' and ')}, lies before: ${lies.join(', ') || 'none'}`;
}

const TOLD_OF_MS = 5_000;

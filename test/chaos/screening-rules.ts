import { DEMO } from '../../services/sandbox/demo-world.js';
import type { PendingSpan } from './hands.js';
import type { Play } from './play.js';
import { botChanges } from './record-rules.js';
import type { Stage } from './stage.js';

/** From a reading to the last call of a run that does not know it. */
const LONGEST_RUN_MS = 3_000;

/**
 * Nothing is granted to a member who has not passed screening, but where the client does not wait
 * for it: never to one who was pending from the beginning, and to one who has left and come back
 * not once a reading has shown it. A stale reading shows them as before they left, and a list that
 * lied may.
 */
export function screeningFaults(play: Play): readonly string[] {
  const { stage, hands } = play;
  if (stage.screening === 'IGNORE') return [];
  const granted = botChanges(play).filter(({ direction }) => direction === 'added');
  return granted.flatMap(({ account, roleId, at }) => {
    const about = DEMO.accounts[account];
    const isStale = stage.faulted.some(
      ({ fault, path }) => fault === 'staleRead' && path.includes(about),
    );
    const span = hands.pending.find(
      (each) => each.account === account && each.from <= at && each.until >= at,
    );
    return span !== undefined && !isStale && wasKnown(play, span, at)
      ? [`${account} was given role ${roleId} and had not accepted the rules`]
      : [];
  });
}

function wasKnown({ stage, troubles }: Play, { account, from }: PendingSpan, at: number): boolean {
  if (from === 0) return true;
  const { calls, listings } = stage.wire;
  if (listings.toldAt.length > 0) return false;
  const path = `/members/${DEMO.accounts[account]}`;
  const read = calls.find(
    (call) =>
      call.method === 'GET' &&
      call.path.endsWith(path) &&
      call.status === 200 &&
      call.startedAt >= from,
  );
  if (read === undefined) return false;
  const delayMs = troubles.delayMs({ from: read.endedAt, to: at });
  return at - read.endedAt > LONGEST_RUN_MS + delayMs;
}

/** A bot's account is never written to, whoever is linked to it. */
export function botFaults({ bot, wire }: Stage): readonly string[] {
  if (bot === null) return [];
  const about = `/members/${DEMO.accounts[bot]}`;
  return wire.calls
    .filter(({ method, path }) => method !== 'GET' && path.includes(about))
    .map(({ method, path }) => `the bot's account was written to: ${method} ${path}`);
}

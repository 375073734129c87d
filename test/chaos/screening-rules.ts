import { DEMO } from '../../services/demo/demo-world.js';
import type { PendingSpan } from './hands.js';
import type { Play } from './play.js';
import { botChanges } from './record-rules.js';
import type { Stage } from './stage.js';

/** From a reading to the last call of a run that started before it. */
const LONGEST_RUN_MS = 3_000;

/**
 * A member who has not passed screening is granted no role, unless the client ignores screening.
 * This holds always for members who were pending from the beginning. For members who left and
 * returned it holds once a reading has shown it; a stale reading, or a false list, may show their
 * state before they left.
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
      ? [`${account} was given role ${roleId} before passing screening`]
      : [];
  });
}

function wasKnown({ stage, troubles }: Play, { account, from }: PendingSpan, at: number): boolean {
  if (from === 0) return true;
  const { calls, listings } = stage.wire;
  if (listings.loggedAt.length > 0) return false;
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

/** A bot's account is never written to, even if a person is linked to it. */
export function botFaults({ bot, wire }: Stage): readonly string[] {
  if (bot === null) return [];
  const about = `/members/${DEMO.accounts[bot]}`;
  return wire.calls
    .filter(({ method, path }) => method !== 'GET' && path.includes(about))
    .map(({ method, path }) => `the bot's account was written to: ${method} ${path}`);
}

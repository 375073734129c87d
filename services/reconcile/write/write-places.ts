import type { ClientId } from '../../model.js';
import type { MemberTarget, Singles, WriteOutlookOf } from '../ports.js';

/**
 * Announces the calls that a run is about to make to the other runs of its client, so that two runs
 * do not count on the same last call.
 */
export interface WriteReservation {
  readonly singlesFrom: (calls: Singles) => number;
  readonly listsFrom: () => number;
  /** Replaces this run's earlier booking. */
  readonly book: (calls: Partial<Booked>) => void;
  /** Discord delayed a call although the outlook allowed it. */
  readonly block: (way: 'singles' | 'lists', untilMs: number) => void;
  readonly leave: () => void;
}

interface Booked extends Singles {
  readonly lists: number;
}

const NOTHING: Booked = { add: 0, remove: 0, lists: 0 };

export function createWriteReservations(
  outlookOf: WriteOutlookOf,
): (target: MemberTarget) => WriteReservation {
  const runs = new Map<ClientId, Map<symbol, Booked>>();

  return (target) => {
    const self = Symbol(target.discordUserId);
    const all = runs.get(target.clientId) ?? new Map<symbol, Booked>();
    runs.set(target.clientId, all);
    const blocked = { singles: 0, lists: 0 };
    const ofOthers = () =>
      [...all]
        .filter(([run]) => run !== self)
        .reduce((sum, [, calls]) => added(sum, calls), NOTHING);

    return {
      singlesFrom(calls) {
        const others = ofOthers();
        const from = outlookOf(target).singlesFrom(calls, others);
        return Math.max(blocked.singles, from);
      },
      listsFrom: () => Math.max(blocked.lists, outlookOf(target).listsFrom(1 + ofOthers().lists)),
      book: (calls) => void all.set(self, { ...NOTHING, ...calls }),
      block: (way, untilMs) => void (blocked[way] = untilMs),
      leave: () => void all.delete(self),
    };
  };
}

function added(a: Booked, b: Booked): Booked {
  return {
    add: a.add + b.add,
    remove: a.remove + b.remove,
    lists: a.lists + b.lists,
  };
}

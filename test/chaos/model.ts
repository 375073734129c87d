import { compareOrder } from '../../services/store/facts/order.js';
import type { FactOrder, PlatformFact } from '../../services/model.js';

/**
 * The meaning of the facts, computed the slow and obvious way: it keeps every fact and searches all
 * of them for each question. It shares only the comparison of two orders with the folding in the
 * store.
 */
export class FactModel {
  readonly #facts: PlatformFact[] = [];

  tell(fact: PlatformFact): void {
    this.#facts.push(fact);
  }

  isDeleted(platformUserId: string): boolean {
    return this.#facts.some(
      (fact) => fact.kind === 'userDeleted' && fact.platformUserId === platformUserId,
    );
  }

  isGroupDeleted(groupId: string): boolean {
    const lives = this.#facts
      .filter((fact) => fact.kind === 'groupChanged' || fact.kind === 'groupDeleted')
      .filter((fact) => fact.groupId === groupId)
      .map((fact) => ({
        order: placeOf(fact),
        isRemoval: fact.kind === 'groupDeleted',
        isSnapshot: false,
      }));
    return greatest(lives)?.isRemoval ?? false;
  }

  knowledge(platformUserId: string, groupId: string): 'held' | 'notHeld' | 'unknown' {
    if (this.isGroupDeleted(groupId)) return 'notHeld';
    const deletedAt = this.#facts.findIndex(
      (fact) => fact.kind === 'userDeleted' && fact.platformUserId === platformUserId,
    );
    const counted = deletedAt < 0 ? this.#facts : this.#facts.slice(0, deletedAt);
    const statements = counted.flatMap((fact) => {
      if (
        fact.kind === 'membershipChanged' &&
        fact.platformUserId === platformUserId &&
        fact.groupId === groupId
      ) {
        return [
          {
            order: placeOf(fact),
            isRemoval: fact.change === 'removed',
            isSnapshot: false,
          },
        ];
      }
      if (fact.kind === 'membershipSnapshot' && fact.platformUserId === platformUserId) {
        return [
          {
            order: placeOf(fact),
            isRemoval: !fact.groupIds.includes(groupId),
            isSnapshot: true,
          },
        ];
      }
      return [];
    });
    const last = greatest(statements);
    if (last === undefined) return 'unknown';
    if (last.isRemoval) return 'notHeld';
    const tied = statements.filter((each) => compare(each, last) === 0);
    return tied.some((each) => this.#isEnded(each, groupId)) ? 'notHeld' : 'held';
  }

  /** The statement is not newer than a deletion of the group. */
  #isEnded({ order: own }: Statement, groupId: string): boolean {
    return this.#facts.some((fact) => {
      if (fact.kind !== 'groupDeleted' || fact.groupId !== groupId) return false;
      const deletion = placeOf(fact);
      return own.sequence !== null && deletion.sequence !== null
        ? own.sequence <= deletion.sequence
        : own.timeUs <= deletion.timeUs;
    });
  }
}

/** Every fact of a world has a time. */
function placeOf({ order: { sequence, timeUs } }: PlatformFact): FactOrder {
  if (timeUs === null) throw new Error('a fact of a world has no time');
  return { sequence, timeUs };
}

interface Statement {
  readonly order: FactOrder;
  readonly isRemoval: boolean;
  readonly isSnapshot: boolean;
}

function greatest(statements: readonly Statement[]): Statement | undefined {
  return statements.toSorted(compare)[0];
}

function compare(a: Statement, b: Statement): number {
  return (
    compareOrder(b.order, a.order) ||
    Number(b.isSnapshot) - Number(a.isSnapshot) ||
    Number(b.isRemoval) - Number(a.isRemoval)
  );
}

import type { Person } from './steps.js';

/** Between these two the thing held, for sure; `until` is Infinity while it does. */
interface Span {
  readonly from: number;
  until: number;
}

/**
 * When an account was wanted to hold a role, and when its removal could be wanted, by the model. A
 * step is made somewhere between its begin and its end: what is certain begins with the end of one
 * and ends with the begin of another, what is possible the other way round.
 */
export class Timeline {
  readonly #wanted = new Map<string, Span[]>();
  readonly #unwanted = new Map<string, Span[]>();

  note(
    account: Person,
    roleId: string,
    now: {
      readonly isWanted: boolean;
      readonly mayBeTaken: boolean;
      readonly from: number;
      readonly until: number;
    },
  ): void {
    const key = `${account} ${roleId}`;
    turn(this.#wanted, key, now.isWanted, {
      on: now.until,
      off: now.from,
    });
    turn(this.#unwanted, key, now.mayBeTaken, {
      on: now.from,
      off: now.until,
    });
  }

  /** All the time from then to then. */
  wasWanted(
    account: Person,
    roleId: string,
    { from, to }: { readonly from: number; readonly to: number },
  ): boolean {
    const spans = this.#wanted.get(`${account} ${roleId}`) ?? [];
    return spans.some((span) => span.from <= from && span.until >= to);
  }

  /**
   * How long before this time it could last be taken: 0 while it can, Infinity if it never could.
   */
  sinceTakeable(account: Person, roleId: string, at: number): number {
    const spans = this.#unwanted.get(`${account} ${roleId}`) ?? [];
    const begun = spans.filter((span) => span.from <= at);
    return Math.min(...begun.map(({ until }) => Math.max(0, at - until)), Infinity);
  }
}

function turn(
  spans: Map<string, Span[]>,
  key: string,
  isOn: boolean,
  at: { readonly on: number; readonly off: number },
): void {
  const known = spans.get(key) ?? [];
  spans.set(key, known);
  const last = known.at(-1);
  const wasOn = last?.until === Infinity;
  if (isOn && !wasOn) known.push({ from: at.on, until: Infinity });
  if (!isOn && wasOn && last !== undefined) last.until = at.off;
}

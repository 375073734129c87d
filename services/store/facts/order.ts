import type { FactOrder, FactVerdict } from '../../model.js';

/** The one total order: positive when `a` outranks `b`. Any with a sequence outranks any without. */
export function compareOrder(a: FactOrder, b: FactOrder): number {
  if (a.sequence !== null && b.sequence !== null)
    return a.sequence - b.sequence;
  if (a.sequence !== null) return 1;
  if (b.sequence !== null) return -1;
  return a.timeUs - b.timeUs;
}

/** What stands for one (user, group). */
export interface Standing {
  readonly order: FactOrder;
  readonly isSnapshot: boolean;
  readonly isHeld: boolean;
}

/** Ties: snapshot over change, then removed over added. Zero only for the very same statement. */
export function compareStanding(a: Standing, b: Standing): number {
  return (
    compareOrder(a.order, b.order) ||
    Number(a.isSnapshot) - Number(b.isSnapshot) ||
    Number(b.isHeld) - Number(a.isHeld)
  );
}

/** A value with its place in the order. Ties between different values fall to the greater text: any rule, but always the same. */
export interface Register {
  readonly order: FactOrder;
  readonly value: string | null;
}

export function compareRegister(a: Register, b: Register): number {
  return compareOrder(a.order, b.order) || compareText(a.value, b.value);
}

function compareText(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a > b ? 1 : -1;
}

/** Applied when any value is; unchanged when every value stood already; else stale. */
export function foldRegisters<Name extends string>(
  registers: Map<Name, Register>,
  values: ReadonlyMap<Name, string | null>,
  order: FactOrder,
): FactVerdict {
  const verdicts = new Set<FactVerdict>();
  for (const [name, value] of values) {
    const current = registers.get(name);
    const rank =
      current === undefined ? 1 : compareRegister({ order, value }, current);
    if (rank > 0) registers.set(name, { order, value });
    verdicts.add(verdictOf(rank));
  }
  if (verdicts.has('applied')) return 'applied';
  return verdicts.has('stale') ? 'stale' : 'unchanged';
}

export function verdictOf(rank: number): FactVerdict {
  if (rank > 0) return 'applied';
  return rank === 0 ? 'unchanged' : 'stale';
}

import type { ClaimedOrder, FactLoss, FactOrder, FactOutcome, ValueName } from '../../model.js';

/**
 * Compares two facts in their total order; positive when `a` outranks `b`. A fact with a sequence
 * outranks any without one.
 */
export function compareOrder(a: FactOrder, b: FactOrder): number {
  if (a.sequence !== null && b.sequence !== null) return a.sequence - b.sequence;
  if (a.sequence !== null) return 1;
  if (b.sequence !== null) return -1;
  return a.timeUs - b.timeUs;
}

/** What a fact says about one user in one group. */
export interface RankedFact {
  readonly order: FactOrder;
  readonly isSnapshot: boolean;
  readonly isHeld: boolean;
}

/**
 * Compares like `compareOrder`. On a tie, a snapshot outranks a change, and then a removal outranks
 * an addition. Zero only if both facts say the same.
 */
export function compareStanding(a: RankedFact, b: RankedFact): number {
  return (
    compareOrder(a.order, b.order) ||
    Number(a.isSnapshot) - Number(b.isSnapshot) ||
    Number(b.isHeld) - Number(a.isHeld)
  );
}

/**
 * A value with its position in the order. On a tie, the greater text wins: the rule is arbitrary
 * but deterministic.
 */
export interface Register {
  readonly order: FactOrder;
  readonly value: string | null;
}

function compareRegister(a: Register, b: Register): number {
  return compareOrder(a.order, b.order) || compareText(a.value, b.value);
}

function compareText(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a > b ? 1 : -1;
}

/**
 * Merges values into the registers. The verdict is `partial` if a value was recorded and another
 * lost to a different value, `applied` if a value was recorded, `stale` if values only lost, and
 * otherwise `unchanged`.
 */
export function foldRegisters<Name extends ValueName>(
  registers: Map<Name, Register>,
  values: ReadonlyMap<Name, string | null>,
  order: FactOrder,
): FactOutcome {
  const ranks: number[] = [];
  const older: FactLoss[] = [];
  const contradicted: FactLoss[] = [];
  for (const [name, value] of values) {
    const current = registers.get(name);
    const rank = current === undefined ? 1 : compareRegister({ order, value }, current);
    ranks.push(rank);
    if (rank > 0) registers.set(name, { order, value });
    if (current === undefined || rank >= 0) continue;
    const outrankedBy = { kind: 'value', name, ...current } as const;
    const loss = { groupId: null, order, outrankedBy };
    (value === current.value ? older : contradicted).push(loss);
  }
  const isApplied = ranks.some((rank) => rank > 0);
  if (contradicted.length > 0)
    return { verdict: isApplied ? 'partial' : 'stale', losses: contradicted };
  if (isApplied) return APPLIED;
  return older.length > 0 ? { verdict: 'stale', losses: older } : UNCHANGED;
}

export const APPLIED: FactOutcome = { verdict: 'applied', losses: [] };
export const UNCHANGED: FactOutcome = { verdict: 'unchanged', losses: [] };

/**
 * Returns a fact's position in the order. An event has its own time. A mutation gets the database's
 * time at receipt, or one microsecond after the latest recorded mutation if that is later, so that
 * the later mutation wins even if the clock was set back.
 */
export function placeInOrder(
  { sequence, timeUs }: ClaimedOrder,
  receivedUs: number,
  recorded: Iterable<FactOrder>,
): FactOrder {
  if (timeUs !== null) return { sequence, timeUs };
  let receiptUs = receivedUs;
  for (const order of recorded)
    if (order.isMutation === true && order.timeUs >= receiptUs) receiptUs = order.timeUs + 1;
  return { sequence, timeUs: receiptUs, isMutation: true };
}

/** Returns a fact's position from its stored columns. */
export function orderOf(sequence: number | null, timeUs: number, isMutation: boolean): FactOrder {
  return { sequence, timeUs, ...(isMutation && { isMutation }) };
}

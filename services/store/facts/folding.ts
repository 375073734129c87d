import type { FactLoss, FactOrder, FactOutcome } from '../../model.js';
import type { Known } from './known.js';
import type { Touched } from './touched.js';

/** What is needed to fold one fact. */
export interface Folding {
  readonly known: Known;
  /**
   * The fact's position in the order, given the positions of the recorded facts about the same
   * thing.
   */
  readonly place: (recorded: Iterable<FactOrder>) => FactOrder;
  readonly touched: Touched;
}

export const hasChanged = ({ verdict }: FactOutcome) =>
  verdict === 'applied' || verdict === 'partial';

export const ordersOf = (registers: ReadonlyMap<string, { readonly order: FactOrder }>) =>
  [...registers.values()].map(({ order }) => order);

export const lostTo = (...losses: readonly FactLoss[]): FactOutcome => ({
  verdict: 'stale',
  losses,
});

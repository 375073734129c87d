import type { HandRemovals } from '../../services/model.js';
import type { Person, World } from './steps.js';

/** The settings of the client that concern its gateway session, over time. */
export class LiveWishes {
  isLive: boolean;
  wasAlwaysLive: boolean;
  /** When changes that people hold back were asked for. Null: for everyone. */
  readonly asked: { readonly account: Person | null; readonly at: number }[] = [];
  /** Each value that was ever set. */
  readonly handRemovals: Set<HandRemovals>;

  constructor({ isLive, handRemovals }: Pick<World, 'isLive' | 'handRemovals'>) {
    this.isLive = isLive;
    this.wasAlwaysLive = isLive;
    this.handRemovals = new Set([handRemovals]);
  }

  turn(isOn: boolean): void {
    this.isLive = isOn;
    this.wasAlwaysLive &&= isOn;
  }
}

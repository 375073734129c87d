import type { FactOrder } from '../../model.js';

/** The order of a fact from its stored columns. */
export function orderOf(sequence: number | null, timeUs: number, isMutation: boolean): FactOrder {
  return { sequence, timeUs, ...(isMutation && { isMutation }) };
}

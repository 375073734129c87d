import type { FactOrder } from '../../model.js';

/** As stored in columns and fences. */
export function orderOf(sequence: number | null, timeUs: number, isMutation: boolean): FactOrder {
  return { sequence, timeUs, ...(isMutation && { isMutation }) };
}

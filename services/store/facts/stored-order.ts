import type { FactOrder } from '../../model.js';

/** As the columns and fences keep it. */
export function orderOf(
  sequence: number | null,
  timeUs: number,
  isMutation: boolean,
): FactOrder {
  return { sequence, timeUs, ...(isMutation && { isMutation }) };
}

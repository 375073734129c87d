import type { Fence } from '../entities/platform.entity.js';
import type { Register } from './order.js';
import { orderOf } from './stored-order.js';

export function registersOf<Name extends string>(
  names: readonly Name[],
  fences: Readonly<Partial<Record<Name, Fence>>>,
  values: Readonly<Record<string, string | null>>,
): Map<Name, Register> {
  const registers = new Map<Name, Register>();
  for (const name of names) {
    const fence = fences[name];
    if (fence === undefined) continue;
    registers.set(name, {
      order: orderOf(fence[0], fence[1], fence[2] === true),
      value: values[name] ?? null,
    });
  }
  return registers;
}

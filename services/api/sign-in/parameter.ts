/** A query or form parameter. Undefined: absent. A repeated one is a list. */
export function parameterOf(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null
    ? new Map<string, unknown>(Object.entries(from)).get(name)
    : undefined;
}

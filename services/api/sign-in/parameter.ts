/** Of a query or a form. Undefined: it is not there. One that comes twice comes as a list. */
export function parameterOf(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null
    ? new Map<string, unknown>(Object.entries(from)).get(name)
    : undefined;
}

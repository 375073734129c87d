/**
 * Limits of a request body. Inputs of our operations have about a dozen fields and at most six
 * levels. Without these limits, GraphQL prints the whole value into each error: one input with
 * 100,000 unknown fields kept the process busy for 16 seconds.
 */
const MAX_KEYS = 1_000;
const MAX_DEPTH = 64;

/** Returns what is wrong with a parsed body, as a message for the caller; null if nothing is. */
export function faultOfBody(body: unknown): string | null {
  if (!isObject(body) || Array.isArray(body))
    return 'The body must be one JSON object with one operation.';
  let level: readonly object[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return 'The body is nested too deeply.';
    const below: object[] = [];
    for (const each of level) {
      const values: readonly unknown[] = Object.values(each);
      if (!Array.isArray(each) && values.length > MAX_KEYS)
        return `An object in the body has more than ${MAX_KEYS} keys.`;
      for (const value of values) if (isObject(value)) below.push(value);
    }
    level = below;
  }
  return null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

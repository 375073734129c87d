/** What a test has made sure of: there is one. */
export function must<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('there was none');
  return value;
}

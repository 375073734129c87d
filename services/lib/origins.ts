/**
 * An origin as browsers write it, so that two can be compared by their letters. Null: more or less
 * than an origin.
 */
export function originOf(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) return null;
  // Nothing is compared by patterns.
  if (url.host.includes('*')) return null;
  // An address of something within the origin, or with a name and password, was meant as something
  // else.
  return url.href === `${url.origin}/` ? url.origin : null;
}

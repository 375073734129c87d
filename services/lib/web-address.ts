/**
 * Characters that may appear in an address. Parsers disagree on backslashes, spaces and letters
 * beyond ASCII.
 */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]+$/;

/**
 * A whole http or https address without a user name; null: anything else, or anything that two
 * readers could read differently.
 */
export function readWebAddress(text: string): URL | null {
  if (!PLAIN.test(text) || !/^https?:\/\/[^/?#]/i.test(text)) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) return null;
  const [authority = ''] = text.slice(text.indexOf('//') + 2).split(/[/?#]/);
  if (authority.includes('@') || url.username !== '' || url.password !== '') return null;
  return url;
}

/** As `URL.hostname` writes hosts. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);

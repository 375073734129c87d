/**
 * Characters allowed in an address. URL parsers disagree on backslashes, spaces and non-ASCII
 * letters.
 */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]+$/;

/**
 * Parses an absolute http or https URL without a user name. Returns null for anything else, or
 * anything that two parsers could read differently.
 */
export function readWebAddress(text: string): URL | null {
  if (!PLAIN.test(text) || !/^https?:\/\/[^/?#]/i.test(text)) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) return null;
  const [authority = ''] = text.slice(text.indexOf('//') + 2).split(/[/?#]/);
  if (authority.includes('@') || url.username !== '' || url.password !== '') return null;
  return url;
}

/** Returns true for this machine. Expects a host as `URL.hostname` formats it. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);

/**
 * Redacts secrets: known ones, and anything that looks like one.
 * In: text to be written. Out: the same text without secrets.
 * Never: a secret stored anywhere but in memory.
 */
export interface Secrets {
  /** Redacts the value from now on, in plain, JSON-escaped and URL-encoded form. */
  readonly learn: (value: string) => void;
  readonly scrub: (text: string) => string;
}

const CUT = '[redacted]';
/** Shorter values are not redacted, because they would remove ordinary words. */
const SHORTEST = 8;
const MOST_KNOWN = 2_000;

export function createSecrets(values: readonly string[] = []): Secrets {
  const known = new Set<string>();
  const learn = (value: string) => {
    if (value.length < SHORTEST || known.has(value)) return;
    for (const spelling of spellings(value)) {
      known.add(spelling);
      const [oldest] = known;
      if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
    }
  };
  values.forEach(learn);
  return {
    learn,
    scrub(text) {
      let left = text;
      for (const value of known) if (left.includes(value)) left = left.replaceAll(value, CUT);
      return cutShapes(left);
    },
  };
}

/** Returns the value in plain, JSON-escaped and URL-encoded form. */
function spellings(value: string): ReadonlySet<string> {
  const inJson = JSON.stringify(value).slice(1, -1);
  return new Set([value, inJson, encodeURIComponent(value)]);
}

/** Redacts only what looks like a secret, for processes that know no secrets. */
export function cutShapes(text: string): string {
  let left = text;
  for (const [shape, instead] of SHAPES) left = left.replaceAll(shape, instead);
  return left;
}

const NAMES = [
  'authorization',
  'cookie',
  'set-cookie',
  'token',
  'bot_?token',
  'access_?token',
  'refresh_?token',
  'client_?secret',
  'secret',
  'password',
  'passwd',
  'api_?key',
  'code_?verifier',
  'sasl_?password',
].join('|');

const PARAMETERS = [
  'access_token',
  'refresh_token',
  'client_secret',
  'code_verifier',
  'password',
  'ticket',
].join('|');

const SHAPES: readonly (readonly [RegExp, string])[] = [
  // A bot token, a JSON Web Token, and a key of this service.
  [/\b[\w-]{23,30}\.[\w-]{6,7}\.[\w-]{27,}/g, CUT],
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, CUT],
  [/\b(?:dc|sandbox)_[\w-]{32,43}/g, CUT],
  [/\b(Bearer|Bot|Basic) +[\w.~+/=-]{12,}/g, `$1 ${CUT}`],
  // The password in a URL.
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#@:"']*):[^\s/?#@"']+@/gi, `$1:${CUT}@`],
  [new RegExp(`\\b(${PARAMETERS})=[^&\\s"'#\\\\]+`, 'gi'), `$1=${CUT}`],
  [/([?&](?:code|state|token)=)[^&\s"'#\\]+/gi, `$1${CUT}`],
  // JSON fields by name, including JSON embedded as text in JSON.
  [new RegExp(`("(?:${NAMES})"\\s*:\\s*")(?:\\\\.|[^"\\\\])*`, 'gi'), `$1${CUT}`],
  [new RegExp(`(\\\\"(?:${NAMES})\\\\"\\s*:\\s*\\\\")[^"\\\\]*`, 'gi'), `$1${CUT}`],
];

/**
 * What must not leave the process: secrets that are known, and whatever looks like one.
 * In: text on its way out. Out: the same text without them.
 * Never: a secret kept anywhere but in memory.
 */
export interface Secrets {
  /** From now on the value is cut out of all that leaves, however it is written there. */
  readonly learn: (value: string) => void;
  readonly scrub: (text: string) => string;
}

const CUT = '[redacted]';
/** Shorter secrets would cut words out of sentences. */
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

/** As it is, inside JSON, and inside an address. */
function spellings(value: string): ReadonlySet<string> {
  const inJson = JSON.stringify(value).slice(1, -1);
  return new Set([value, inJson, encodeURIComponent(value)]);
}

/** For processes that have no secrets to redact. */
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
  // A bot's token, a JSON Web Token, a key of ours.
  [/\b[\w-]{23,30}\.[\w-]{6,7}\.[\w-]{27,}/g, CUT],
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, CUT],
  [/\b(?:dc|sandbox)_[\w-]{32,43}/g, CUT],
  [/\b(Bearer|Bot|Basic) +[\w.~+/=-]{12,}/g, `$1 ${CUT}`],
  // The password of an address.
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#@:"']*):[^\s/?#@"']+@/gi, `$1:${CUT}@`],
  [new RegExp(`\\b(${PARAMETERS})=[^&\\s"'#\\\\]+`, 'gi'), `$1=${CUT}`],
  [/([?&](?:code|state|token)=)[^&\s"'#\\]+/gi, `$1${CUT}`],
  // JSON fields by name, including JSON embedded as text in JSON.
  [new RegExp(`("(?:${NAMES})"\\s*:\\s*")(?:\\\\.|[^"\\\\])*`, 'gi'), `$1${CUT}`],
  [new RegExp(`(\\\\"(?:${NAMES})\\\\"\\s*:\\s*\\\\")[^"\\\\]*`, 'gi'), `$1${CUT}`],
];

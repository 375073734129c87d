/**
 * The forms of a 429: by its headers, by its body or by both, from Discord or from a proxy before
 * it.
 */
export const LIMIT_FORMS = [
  'userByBoth',
  'userByBody',
  'sharedByBody',
  'globalByBody',
  'globalByHeaders',
  'pageWithHeader',
  'headerLongerThanBody',
] as const;
export type LimitForm = (typeof LIMIT_FORMS)[number];

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const body = (retry_after: number, global: boolean) =>
  JSON.stringify({ message: 'slow down', retry_after, global });

const ANSWERS: Readonly<Record<LimitForm, Answer>> = {
  userByBoth: {
    headers: {
      ...JSON_TYPE,
      'retry-after': '1',
      'x-ratelimit-scope': 'user',
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset-after': '0.2',
      'x-ratelimit-bucket': 'chaos',
    },
    text: body(0.2, false),
  },
  userByBody: { headers: JSON_TYPE, text: body(0.15, false) },
  sharedByBody: {
    headers: { ...JSON_TYPE, 'x-ratelimit-scope': 'shared' },
    text: body(0.1, false),
  },
  globalByBody: { headers: JSON_TYPE, text: body(0.2, true) },
  globalByHeaders: {
    headers: {
      ...JSON_TYPE,
      'retry-after': '1',
      'x-ratelimit-global': 'true',
      'x-ratelimit-scope': 'global',
    },
    text: '{}',
  },
  pageWithHeader: {
    headers: { 'content-type': 'text/html', 'retry-after': '1' },
    text: '<html><body>slow down</body></html>',
  },
  headerLongerThanBody: {
    headers: { ...JSON_TYPE, 'retry-after': '1', 'x-ratelimit-scope': 'user' },
    text: body(0.05, false),
  },
};

export function limitAnswer(form: LimitForm): Answer {
  return ANSWERS[form];
}

interface Told {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface AskedWait {
  readonly ms: number;
  readonly isGlobal: boolean;
}

/**
 * How long a response asks its caller to wait, parsed here independently of the service. The
 * service doubts long waits from responses that are not from Discord's API: the bot stops only if a
 * read of its own user gets the same response.
 */
export function waitOf(
  { path, status, code }: { path: string; status: number; code: number | null },
  answer: Told,
): AskedWait | null {
  if (code === FLAGGED_AS_SPAM) return { ms: BLOCK_MS, isGlobal: true };
  const isOfApi = /json/.test(String(answer.headers['content-type']));
  const isOfBot = path === BOTS_OWN_USER;
  if (status === 403 && code === null) return isOfBot ? { ms: BLOCK_MS, isGlobal: true } : null;
  if (status !== 429) return null;
  const told = toldToWait(answer);
  if (isOfApi || told.ms <= DOUBTED_FROM_MS) return told;
  return isOfBot ? { ms: Math.min(told.ms, LONGEST_MS), isGlobal: true } : null;
}

const BOTS_OWN_USER = '/users/@me';
const FLAGGED_AS_SPAM = 20026;
const BLOCK_MS = 600_000;
const LONGEST_MS = 3_600_000;
/** Shorter waits are followed without a check. */
const DOUBTED_FROM_MS = 10_000;

function toldToWait(answer: Told): AskedWait {
  const seconds = Number(answer.headers['retry-after'] ?? 0);
  const told = /"retry_after":\s*([\d.]+)/.exec(answer.text)?.[1] ?? '0';
  return {
    ms: 1_000 * Math.max(seconds, Number(told)),
    isGlobal:
      answer.headers['x-ratelimit-global'] !== undefined ||
      answer.headers['x-ratelimit-scope'] === 'global' ||
      /"global":\s*true/.test(answer.text),
  };
}

import { describe, expect, it } from 'vitest';

import { readAnswer } from '../../../services/discord/answer.js';
import { pauseAfter, spentUntil } from '../../../services/discord/pauses.js';

const now = Date.parse('2026-01-01T00:00:00Z');

const answer = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: object | string = { message: 'in words', code: 0 },
) =>
  readAnswer({
    status,
    header: (name) => headers[name] ?? null,
    text: typeof body === 'string' ? body : JSON.stringify(body),
    now,
  });

const pauseOf = (given: ReturnType<typeof answer>, offsetMs = 0) => {
  const failure = { answer: given, now, random: 0.5, offsetMs };
  const pause = pauseAfter(failure);
  return pause && { waitMs: pause.until - now, reach: pause.reach };
};

describe('the pause after a failed call', () => {
  it.each([
    ['nothing for a refusal', answer(403, {}, { code: 50013 }), null],
    ['nothing for an untimed 503', answer(503), null],
    [
      'the time a 503 names',
      answer(503, { 'retry-after': '7' }),
      { waitMs: 7000, reach: 'bucket' },
    ],
    [
      'the longer of header and body',
      answer(429, { 'retry-after': '1' }, { retry_after: 1.337, code: 0 }),
      { waitMs: 1337, reach: 'bucket' },
    ],
    [
      'the time of the body alone',
      answer(429, {}, { retry_after: 64.57, global: false }),
      { waitMs: 64_570, reach: 'bucket' },
    ],
    [
      'all calls where only the body says global',
      answer(429, {}, { retry_after: 2, global: true }),
      { waitMs: 2000, reach: 'bot' },
    ],
    [
      'a date in place of seconds',
      answer(429, { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, '<html>'),
      { waitMs: 60_000, reach: 'bot' },
    ],
    [
      'the default where the time is nonsense',
      answer(429, { 'retry-after': 'soon' }, '<html>'),
      { waitMs: 45_000, reach: 'bot' },
    ],
    [
      'the default for a limit on writing without a time',
      answer(403, {}, { code: 20028 }),
      { waitMs: 45_000, reach: 'bucket' },
    ],
    [
      'a long time for a block',
      answer(403, {}, '<html>'),
      { waitMs: 900_000, reach: 'bot' },
    ],
  ])('is %s', (_, given, pause) => {
    expect(pauseOf(given)).toEqual(pause);
  });

  it('has the margin twice', () => {
    const given = answer(429, { 'retry-after': '1' });

    expect(pauseOf(given, 50)?.waitMs).toBe(1100);
  });
});

describe('a bucket', () => {
  it.each([
    ['0', '1.5', 1500],
    ['1', '1.5', null],
    ['0', '', null],
    ['', '1.5', null],
    ['0', '-3', null],
  ])('with %j left and %j s to go: spent for %s ms', (left, reset, ms) => {
    const given = answer(404, {
      'x-ratelimit-remaining': left,
      'x-ratelimit-reset-after': reset,
    });

    expect(spentUntil(given, now, 0)).toBe(ms === null ? null : now + ms);
  });
});

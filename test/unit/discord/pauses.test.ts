import { describe, expect, it } from 'vitest';

import { pauseAfter, readAnswer, spentUntil } from '../../../services/discord/rest/answer.js';

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
    mostBytes: 65_536,
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
      'all calls when only the body says global',
      answer(429, {}, { retry_after: 2, global: true }),
      { waitMs: 2000, reach: 'bot' },
    ],
    [
      'a date in place of seconds',
      answer(429, { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, '<html>'),
      { waitMs: 60_000, reach: 'bot' },
    ],
    [
      'the default for an invalid time',
      answer(429, { 'retry-after': 'soon' }, '<html>'),
      { waitMs: 45_000, reach: 'bot' },
    ],
    [
      'the default for a write limit without a time',
      answer(403, {}, { code: 20028 }),
      { waitMs: 45_000, reach: 'bucket' },
    ],
    ['a long time for a block', answer(403, {}, '<html>'), { waitMs: 900_000, reach: 'bot' }],
  ])('is %s', (_, given, pause) => {
    expect(pauseOf(given)).toEqual(pause);
  });

  it('includes the margin twice', () => {
    const given = answer(429, { 'retry-after': '1' });

    expect(pauseOf(given, 50)?.waitMs).toBe(1100);
  });
});

describe('a wait', () => {
  const NONSENSE = ['NaN', 'Infinity', '-Infinity', '-5', '0', '', 'never'];
  const HUGE = ['1e13', '1e300', '1e400', '66271', '99999999999999999999'];
  const HOUR_MS = 3_600_000;
  const bodyWith = (seconds: string) => `{"message":"slow","retry_after":${seconds},"global":true}`;

  it.each(HUGE)('of %s seconds is cut to an hour, in every header and field', (told) => {
    const isFinite = Number.isFinite(Number(told));
    const inHeader = pauseOf(answer(429, { 'retry-after': told }));
    const inBody = pauseOf(answer(429, {}, bodyWith(told)));
    const ofBlock = pauseOf(answer(403, { 'retry-after': told }, '<html>'));
    const spent = spentUntil(
      answer(204, {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset-after': told,
      }),
      now,
      0,
    );

    // 1e400 parses as Infinity, which is not a number of seconds.
    expect(inHeader?.waitMs).toBe(isFinite ? HOUR_MS : 45_000);
    expect(inBody?.waitMs).toBe(isFinite ? HOUR_MS : 45_000);
    expect(ofBlock?.waitMs).toBe(isFinite ? HOUR_MS : 900_000);
    expect(spent).toBe(isFinite ? now + HOUR_MS : null);
  });

  it.each(NONSENSE)('of %j seconds is not a valid time', (told) => {
    expect(pauseOf(answer(429, { 'retry-after': told }))?.waitMs).toBe(45_000);
    expect(pauseOf(answer(503, { 'retry-after': told }))).toBeNull();
    const body = { retry_after: Number(told) || told };
    expect(pauseOf(answer(429, {}, body))?.waitMs).toBe(45_000);
  });

  it.each([
    ['9999', 'Fri, 31 Dec 9999 23:59:59 GMT', HOUR_MS],
    ['the past', 'Wed, 31 Dec 2025 23:59:59 GMT', 45_000],
    ['no day', 'Thu, 99 Foo 2026 00:01:00 GMT', 45_000],
  ])('until a date in %s is limited too', (_, date, waitMs) => {
    expect(pauseOf(answer(429, { 'retry-after': date }))?.waitMs).toBe(waitMs);
  });

  it.each([
    ['66271', 'for 18.4 hours'],
    ['864000', 'for 10 days'],
    ['1e13', 'for more than a year'],
  ])(
    'of %s seconds has a reason that names the requested wait and when one call is retried',
    (told, span) => {
      const given = answer(429, { 'retry-after': told }, 'error code: 1015');
      const failure = { answer: given, now, random: 0, offsetMs: 0 };

      expect(pauseAfter(failure)?.why).toBe(
        `Cloudflare asked to wait ${span}; retrying one call after an hour`,
      );
    },
  );
});

describe('a bucket', () => {
  it.each([
    ['0', '1.5', 1500],
    ['1', '1.5', null],
    ['0', '', null],
    ['', '1.5', null],
    ['0', '-3', null],
  ])('with %j calls left and a reset in %j s is spent for %s ms', (left, reset, ms) => {
    const given = answer(404, {
      'x-ratelimit-remaining': left,
      'x-ratelimit-reset-after': reset,
    });

    expect(spentUntil(given, now, 0)).toBe(ms === null ? null : now + ms);
  });
});

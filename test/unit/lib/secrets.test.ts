import { describe, expect, test } from 'vitest';

import { createSecrets } from '../../../services/lib/secrets.js';

const BOT = 'MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789ab';
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiaWxsaW5nIn0.c2lnbmF0dXJl';
const KEY = `dc_${'k'.repeat(43)}`;

describe('text that looks like a secret', () => {
  test.each([
    ['a bot token', `the token ${BOT} was refused`, BOT],
    ['a JSON Web Token', `got ${JWT}.`, JWT],
    ['an API key', `key=${KEY}`, KEY],
    ['a header', '{"x":"Bearer abcdefghijklmnop"}', 'abcdefghijklmnop'],
    [
      'a password in an address',
      'connect postgres://app:s3cr3t-pass@db:5432/x failed',
      's3cr3t-pass',
    ],
    ['a password of an address that has an odd sign', 'amqp://u:pa$$%40word@h', 'pa$$%40word'],
    ['a ticket', 'GET /discord/sso/start?ticket=Zm9vYmFyYmF6&x=1', 'Zm9vYmFyYmF6'],
    [
      'a code',
      'GET /discord/sso/callback?code=NhhvTDYsFcdgNLnnLijcl7Ku7bEEeee&state=15773059ghq9183habn',
      'NhhvTDYsFcdgNLnnLijcl7Ku7bEEeee',
    ],
    ['a state', '/callback?code=x&state=15773059ghq9183habn', '15773059ghq9183habn'],
    ['a form', 'client_id=1&client_secret=937it3ow87i4ery69876wqire', '937it3ow87i4ery69876wqire'],
    ['a field', '{"a":{"b":{"c":{"d":{"botToken":"short"}}}}}', 'short'],
    ['a field with escapes', String.raw`{"password":"a\"b","x":1}`, String.raw`a\"b`],
    [
      'a field of JSON that is text',
      String.raw`{"body":"{\"access_token\":\"6qrZcUqja7812RVdnEKjpzOL4CvHBFG\"}"}`,
      '6qrZcUqja7812RVdnEKjpzOL4CvHBFG',
    ],
  ])('is redacted: %s', (_, text, secret) => {
    const { scrub } = createSecrets();

    expect(text).toContain(secret);
    expect(scrub(text)).not.toContain(secret);
  });

  test.each([
    'clientId 01a2064a-7dd5-7764-81ed-fb74a597201f, role 412345678901234567',
    '{"level":30,"outcome":"APPLIED","added":["412345678901234567"],"code":"ECONNREFUSED"}',
    'Bot token refused: give a new one',
    'postgres://db.example.org:5432/connector is away',
    '2026-11-23T02:40:00.000Z discord.roles.changed.v1',
    '{"reason":"the connector is stopping","ticketHash":null}',
  ])('is not found in ordinary text: %s', (text) => {
    expect(createSecrets().scrub(text)).toBe(text);
  });
});

describe('a known secret', () => {
  test('is redacted in every encoding', () => {
    const secrets = createSecrets(['pa"ss\\word+/=']);

    for (const text of [
      'pa"ss\\word+/=',
      JSON.stringify({ note: 'it was pa"ss\\word+/=' }),
      `/x?y=${encodeURIComponent('pa"ss\\word+/=')}`,
    ])
      expect(secrets.scrub(text)).not.toMatch(/ss.{0,6}word/);
  });

  test('is redacted from the time it is learned', () => {
    const secrets = createSecrets();
    const before = secrets.scrub('opensesame!');
    secrets.learn('opensesame!');

    expect(before).toBe('opensesame!');
    expect(secrets.scrub('say opensesame! now')).toBe('say [redacted] now');
  });

  test('is not redacted if it is so short that ordinary words would be redacted', () => {
    const secrets = createSecrets(['role', '']);

    expect(secrets.scrub('a role')).toBe('a role');
  });

  test('is forgotten after thousands of others, so that memory stays bounded', () => {
    const secrets = createSecrets(['first-secret']);
    for (let at = 0; at < 5_000; at += 1) secrets.learn(`secret-number-${at}`);

    expect(secrets.scrub('first-secret')).toBe('first-secret');
    expect(secrets.scrub('secret-number-4999')).toBe('[redacted]');
  });
});

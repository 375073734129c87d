import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { readFrame, readSocketUrl } from '../../../../services/discord/gateway/frames.js';

const read = (payload: unknown) => readFrame(JSON.stringify(payload));
const ready = {
  session_id: 'abc',
  resume_gateway_url: 'wss://resume.discord.gg',
  user: { id: '500000000000000005' },
};

describe('a frame', () => {
  it.each<readonly [string, unknown, unknown]>([
    [
      'hello',
      { op: 10, d: { heartbeat_interval: 41_250 } },
      { kind: 'hello', heartbeatMs: 41_250 },
    ],
    ['an acknowledged heartbeat', { op: 11 }, { kind: 'heartbeatAck' }],
    ['a requested heartbeat', { op: 1, d: 5 }, { kind: 'heartbeatRequest' }],
    ['a request to reconnect', { op: 7, d: null }, { kind: 'reconnect' }],
    ['a lost session', { op: 9, d: false }, { kind: 'invalidSession', isResumable: false }],
    ['a resumable session', { op: 9, d: true }, { kind: 'invalidSession', isResumable: true }],
    ['an invalid session without more', { op: 9 }, { kind: 'invalidSession', isResumable: false }],
    ['RESUMED', { op: 0, t: 'RESUMED', s: 7, d: {} }, { kind: 'resumed', sequence: 7 }],
    [
      'READY',
      { op: 0, t: 'READY', s: 1, d: ready },
      {
        kind: 'ready',
        sequence: 1,
        sessionId: 'abc',
        resumeUrl: 'wss://resume.discord.gg',
        botUserId: '500000000000000005',
      },
    ],
    ['another opcode', { op: 99 }, { kind: 'unknown' }],
  ])('is read as %s', (_, payload, frame) => {
    expect(read(payload)).toEqual(frame);
  });

  it('with an event has its name, number, body and length', () => {
    const text = JSON.stringify({ op: 0, t: 'GUILD_CREATE', s: 2, d: { id: '1' } });

    expect(readFrame(text)).toEqual({
      kind: 'dispatch',
      sequence: 2,
      dispatch: { name: 'GUILD_CREATE', body: { id: '1' }, length: text.length },
    });
  });

  it.each<readonly [string, unknown]>([
    ['no interval', { op: 10 }],
    ['an interval of 0, which would flood Discord', { op: 10, d: { heartbeat_interval: 0 } }],
    ['an interval of days', { op: 10, d: { heartbeat_interval: 1e9 } }],
    ['an interval in words', { op: 10, d: { heartbeat_interval: 'soon' } }],
    ['READY without data', { op: 0, t: 'READY', s: 1 }],
    ['READY without a session', { op: 0, t: 'READY', s: 1, d: { ...ready, session_id: '' } }],
    [
      'READY without an address',
      { op: 0, t: 'READY', s: 1, d: { ...ready, resume_gateway_url: 1 } },
    ],
    ['READY without the bot', { op: 0, t: 'READY', s: 1, d: { ...ready, user: null } }],
  ])('with %s ends the connection', (_, payload) => {
    expect(read(payload)).toMatchObject({ kind: 'unreadable', isVital: true });
  });

  it.each<readonly [string, string]>([
    ['not JSON', '{"op":'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[{"op":10}]'],
    ['an opcode in words', '{"op":"10"}'],
    ['an event without a number', '{"op":0,"t":"GUILD_CREATE","d":{}}'],
    ['an event with half a number', '{"op":0,"t":"GUILD_CREATE","s":1.5,"d":{}}'],
    ['an event with a number below 1', '{"op":0,"t":"GUILD_CREATE","s":0,"d":{}}'],
    ['an event with an unsafe number', '{"op":0,"t":"GUILD_CREATE","s":9007199254740993,"d":{}}'],
    ['an event without a name', '{"op":0,"s":1,"d":{}}'],
  ])('that is %s is ignored', (_, text) => {
    expect(readFrame(text)).toMatchObject({ kind: 'unreadable', isVital: false });
  });
});

test('no text makes the reader throw', () => {
  const payload = fc.record(
    {
      op: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.anything()),
      t: fc.oneof(fc.constantFrom('READY', 'RESUMED', 'GUILD_CREATE'), fc.anything()),
      s: fc.oneof(fc.nat(), fc.anything()),
      d: fc.oneof(fc.constant(ready), fc.anything()),
    },
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    payload.map((value) => {
      try {
        return JSON.stringify(value);
      } catch {
        return '';
      }
    }),
  );

  fc.assert(
    fc.property(text, (value) => {
      expect(readFrame(value).kind).toBeTypeOf('string');
    }),
    { numRuns: 5000 },
  );
  expect(readFrame('['.repeat(1_000_000)).kind).toBe('unreadable');
});

describe('an address of the gateway', () => {
  const discord = 'https://discord.com/api/v10';
  const sandbox = 'http://127.0.0.1:4010/api/v10';

  it.each([
    ['wss://gateway.discord.gg', discord, 'wss://gateway.discord.gg/'],
    ['wss://gateway.discord.gg', sandbox, 'wss://gateway.discord.gg/'],
    ['ws://127.0.0.1:4010', sandbox, 'ws://127.0.0.1:4010/'],
  ])('%s is used with %s', (address, apiBase, url) => {
    expect(readSocketUrl(address, apiBase)).toBe(url);
  });

  it.each([
    ['ws://gateway.discord.gg', discord],
    ['https://gateway.discord.gg', discord],
    ['wss://gateway.discord.gg/?v=6', discord],
    ['wss://gateway.discord.gg/#x', discord],
    ['wss://a:b@gateway.discord.gg', discord],
    ['gateway.discord.gg', discord],
    ['', sandbox],
  ])('%s is not used with %s', (address, apiBase) => {
    expect(readSocketUrl(address, apiBase)).toBeNull();
  });
});

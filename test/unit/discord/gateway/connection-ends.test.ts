import { GatewayCloseCodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { judgeEnd } from '../../../../services/discord/gateway/connection-ends.js';

const closed = (code: number, error: string | null = null) =>
  judgeEnd({ kind: 'closed', code, error });

describe('a close code', () => {
  it('of Discord’s list has a consequence, and none is forgotten', () => {
    const codes = Object.values(GatewayCloseCodes).filter((code) => typeof code === 'number');

    expect(Object.fromEntries(codes.map((code) => [code, closed(code).next]))).toEqual({
      4000: 'again',
      4001: 'again',
      4002: 'again',
      4003: 'again',
      4004: 'refused',
      4005: 'again',
      4007: 'again',
      4008: 'again',
      4009: 'again',
      4010: 'polling',
      4011: 'moreShards',
      4012: 'polling',
      4013: 'polling',
      4014: 'polling',
    });
  });

  it('ends the session only if a resume is no use', () => {
    const ending = [1000, 1001, 1006, 4000, 4003, 4005, 4007, 4008, 4009, 4999].filter(
      (code) => !closed(code).keepsSession,
    );

    expect(ending).toEqual([4003, 4007]);
  });

  it('for too many messages asks for a longer wait', () => {
    expect(closed(4008).isSlow).toBe(true);
    expect(closed(4009).isSlow).toBe(false);
  });
});

describe('the reason', () => {
  it.each([
    [closed(4009), 'Discord closed the connection (4009)'],
    [closed(1006), 'the connection was lost (1006)'],
    [closed(1006, 'getaddrinfo ENOTFOUND'), 'the connection failed: getaddrinfo ENOTFOUND'],
    [judgeEnd({ kind: 'reconnect' }), 'Discord asked to reconnect'],
    [judgeEnd({ kind: 'silent' }), 'Discord stopped responding'],
    [
      judgeEnd({ kind: 'tooLong', length: 9_000_000 }),
      'Discord sent a message of 9000000 characters',
    ],
    [
      judgeEnd({ kind: 'unreadable', reason: 'READY without a session' }),
      'Discord sent an unreadable message: READY without a session',
    ],
  ])('is in plain words: %#', (verdict, reason) => {
    expect(verdict).toMatchObject({ next: 'again', keepsSession: true, reason });
  });

  it('of an ended session is a gap', () => {
    expect(judgeEnd({ kind: 'invalidSession', isResumable: false }).keepsSession).toBe(false);
    expect(judgeEnd({ kind: 'invalidSession', isResumable: true }).keepsSession).toBe(true);
    expect(judgeEnd({ kind: 'broken' }).keepsSession).toBe(false);
    expect(judgeEnd({ kind: 'hole' }).keepsSession).toBe(true);
  });
});

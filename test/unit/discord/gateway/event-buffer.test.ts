import { describe, expect, test } from 'vitest';

import { createEventBuffer } from '../../../../services/discord/gateway/event-buffer.js';
import type { LiveChange, SessionPosition } from '../../../../services/discord/gateway/ports.js';

const CLIENT = 'client';
const nobody = () => false;
const at = (sequence: number, sessionId = 'session'): SessionPosition => ({
  shardId: 0,
  shardCount: 1,
  sessionId,
  resumeUrl: 'wss://gateway.example',
  sequence,
});
const shown = (discordUserId: string, ...roleIds: readonly string[]): LiveChange => ({
  kind: 'memberShown',
  discordUserId,
  hasJoined: false,
  member: {
    roleIds,
    username: discordUserId,
    displayName: null,
    nickname: null,
    isPending: false,
    timedOutUntil: null,
  },
});
const left = (discordUserId: string): LiveChange => ({ kind: 'memberLeft', discordUserId });

describe('the events that wait to be applied', () => {
  test('keep only the newest state of a member', () => {
    const buffer = createEventBuffer();
    buffer.add(CLIENT, shown('1', 'a'), at(1));
    buffer.add(CLIENT, left('2'), at(2));
    buffer.add(CLIENT, shown('1', 'b'), at(3));
    buffer.add(CLIENT, shown('2', 'c'), at(4));

    const { clients, position } = buffer.take(nobody);

    expect(clients).toMatchObject([
      {
        clientId: CLIENT,
        shown: [
          { discordUserId: '1', member: { roleIds: ['b'] } },
          { discordUserId: '2', member: { roleIds: ['c'] } },
        ],
        left: [],
      },
    ]);
    expect(position).toEqual(at(4));
    expect(buffer.size()).toBe(0);
  });

  test('leave those of a busy member, with the position before their first event', () => {
    const buffer = createEventBuffer();
    buffer.add(CLIENT, shown('1', 'a'), at(1));
    buffer.add(CLIENT, shown('2', 'a'), at(2));
    buffer.add(CLIENT, shown('2', 'b'), at(3));
    buffer.add(CLIENT, shown('1', 'b'), at(4));

    const first = buffer.take((_, id) => id === '2');
    const second = buffer.take(nobody);

    expect(first.clients[0]?.shown.map((each) => each.discordUserId)).toEqual(['1']);
    expect(first.position).toEqual(at(1));
    expect(second.clients[0]?.shown).toMatchObject([{ member: { roleIds: ['b'] } }]);
    expect(second.position).toEqual(at(4));
  });

  test('that could not be applied come again, unless a newer event of the member has arrived', () => {
    const buffer = createEventBuffer();
    buffer.add(CLIENT, shown('1', 'a'), at(1));
    buffer.add(CLIENT, shown('2', 'a'), at(2));
    buffer.add(CLIENT, { kind: 'ban', discordUserId: '3', isBanned: true }, at(3));
    const failed = buffer.take(nobody);
    buffer.add(CLIENT, left('2'), at(4));
    buffer.add(CLIENT, { kind: 'ban', discordUserId: '3', isBanned: false }, at(5));

    failed.putBack();

    const busy = buffer.take((_, id) => id === '2');
    expect(busy.clients).toMatchObject([
      {
        shown: [{ discordUserId: '1' }],
        left: [],
        bans: [{ discordUserId: '3', isBanned: false }],
      },
    ]);
    // The first event of the busy member was the second of the session.
    expect(busy.position).toEqual(at(1));
    expect(buffer.take(nobody).clients).toMatchObject([{ shown: [], left: ['2'] }]);
  });

  test('keep every audit log entry, in order', () => {
    const buffer = createEventBuffer();
    const entry = (entryId: string): LiveChange => ({
      kind: 'handEntry',
      entryId,
      discordUserId: '1',
      byDiscordUserId: '9',
      added: ['a'],
      removed: [],
    });
    buffer.add(CLIENT, entry('1'), at(1));
    const failed = buffer.take(nobody);
    buffer.add(CLIENT, entry('2'), at(2));
    failed.putBack();

    const { hands } = buffer.take(nobody);

    expect(hands.get(CLIENT)?.map(({ entryId }) => entryId)).toEqual(['1', '2']);
  });

  test('of another session do not move the position back into the first one', () => {
    const buffer = createEventBuffer();
    buffer.add(CLIENT, shown('1', 'a'), at(50, 'old'));
    buffer.add(CLIENT, shown('2', 'a'), at(2, 'new'));

    const { position } = buffer.take((_, id) => id === '1');

    expect(position).toEqual(at(2, 'new'));
  });

  test('move the position even if they have no effect', () => {
    const buffer = createEventBuffer();
    buffer.pass(at(7));

    expect(buffer.take(nobody)).toMatchObject({ position: at(7), clients: [] });
  });
});

import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it, onTestFinished } from 'vitest';

import { frame, startHostileGateway, startHostileServer } from '../../../fakes/hostile-gateway.js';
import { createSessionMemory } from '../../../fakes/live-memory.js';
import { eventually } from '../../../support/eventually.js';
import { startSession } from './live-setup.js';

type HostileServer = Awaited<ReturnType<typeof startHostileServer>>;

const API = 'http://127.0.0.1:9/api/v10';
const HELLO = frame(1, JSON.stringify({ op: 10, d: { heartbeat_interval: 41_250 } }));

/** A session whose gateway is the server. */
async function connectedTo<T extends HostileServer>(starting: Promise<T>) {
  const server = await starting;
  onTestFinished(() => server.stop());
  const live = startSession(API, createSessionMemory(), {
    readGatewayInformation: async () => ({
      url: server.url,
      shards: 1,
      startLimit: { remaining: 1000, resetAfterMs: 0 },
    }),
  });
  const lost = () => live.states().filter(({ kind }) => kind === 'LOST');
  return { server, live, lost };
}

const answering = (text: string) => (socket: Socket) =>
  void socket.once('data', () => socket.end(text));

describe('a server that is no gateway', () => {
  it.each<readonly [string, (socket: Socket) => void]>([
    ['hangs up', (socket) => socket.destroy()],
    ['sends garbage', (socket) => socket.end('\0\xff no HTTP at all\r\n\r\n')],
    ['sends a page', answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')],
    ['redirects', answering('HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:9\r\n\r\n')],
    ['fails', answering('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')],
    [
      'switches to something else',
      answering('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'),
    ],
  ])('and %s is tried again and again, with a reason', async (_, accept) => {
    const { live, lost } = await connectedTo(startHostileServer(accept));

    await eventually(() => lost().length >= 3);

    for (const state of lost()) expect(state).toMatchObject({ reason: expect.stringMatching(/./) });
    // The start was never used: no identify was sent.
    expect(live.memory.limits).toHaveLength(1);
  });

  it('may be left at any moment of the connecting', async () => {
    const server = await startHostileServer((socket) => void socket.resume());
    onTestFinished(() => server.stop());

    for (let turns = 0; turns < 60; turns += 1) {
      const live = startSession(API, createSessionMemory(), {
        readGatewayInformation: async () => ({
          url: server.url,
          shards: 1,
          startLimit: { remaining: 1000, resetAfterMs: 0 },
        }),
      });
      for (let turn = 0; turn < turns; turn += 1) await nextTurn();
      await live.session.stop();
    }

    await eventually(() => server.connections() === 0);
  });

  it('and never answers does not delay a stop', async () => {
    const { server, live } = await connectedTo(
      startHostileServer((socket) => void socket.resume()),
    );
    await eventually(() => server.connections() === 1);
    const startedAt = performance.now();

    await live.session.stop();

    await eventually(() => server.connections() === 0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('a gateway that breaks the websocket protocol', () => {
  it.each([
    ['a frame of 200 MB', frame(1, '{', 200_000_000)],
    ['text that is not UTF-8', frame(1, Buffer.from([0xc3, 0x28]))],
    ['a reserved opcode', frame(3, 'x')],
    ['bytes that are no frame', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a hello without a heartbeat', frame(1, '{"op":10}')],
  ])('with %s is left, and tried again', async (_, bytes) => {
    const { lost } = await connectedTo(startHostileGateway([HELLO, bytes]));

    await eventually(() => lost().length >= 2);

    for (const state of lost()) expect(state).toMatchObject({ reason: expect.stringMatching(/./) });
  });

  it('with a hello and nothing else does not delay a stop', async () => {
    const { server, live } = await connectedTo(startHostileGateway([HELLO]));
    await eventually(() => server.bytesReceived() > 0);
    const startedAt = performance.now();

    await live.session.stop();

    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('with binary frames and broken JSON is understood as far as possible', async () => {
    const ready = {
      session_id: 'abc',
      resume_gateway_url: 'ws://127.0.0.1:9',
      user: { id: '500000000000000005' },
    };
    const left = { guild_id: '1', user: { id: '2' } };
    const { live } = await connectedTo(
      startHostileGateway([
        frame(2, Buffer.alloc(100)),
        HELLO,
        frame(1, '{"op":0,'),
        frame(1, ''),
        frame(1, JSON.stringify({ op: 0, t: 'GUILD_MEMBER_REMOVE', s: 9, d: left })),
        frame(1, JSON.stringify({ op: 0, t: 'READY', s: 1, d: ready })),
        frame(2, JSON.stringify({ op: 0, t: 'GUILD_MEMBER_REMOVE', s: 2, d: left })),
        frame(1, JSON.stringify({ op: 0, t: 'GUILD_MEMBER_REMOVE', s: 2, d: left })),
      ]),
    );

    await live.heard('memberLeft');

    expect(live.sequences()).toEqual([1, 2]);
    const ignored = live.logs.filter(({ message }) => message === 'gateway message ignored');
    expect(ignored.map(({ fields }) => fields)).toMatchObject([
      { reason: 'a binary message' },
      { reason: 'not a message of the gateway' },
      { reason: 'not a message of the gateway' },
      { reason: 'an event before the session' },
      { reason: 'a binary message' },
    ]);
  });
});

import { connect, type Socket } from 'node:net';

import { quantiles } from './quantiles.js';

/** A request that is sent again and again, ready for the wire. */
export interface WireRequest {
  readonly port: number;
  readonly bytes: Buffer;
}

export interface LoadFigures {
  readonly perSecond: number;
  readonly p99: number;
}

export function postJson(its: {
  readonly port: number;
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
}): WireRequest {
  const body = JSON.stringify(its.body);
  const head = [
    `POST ${its.path} HTTP/1.1`,
    `host: 127.0.0.1:${its.port}`,
    'content-type: application/json',
    'accept: application/json',
    `authorization: Bearer ${its.key}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  return { port: its.port, bytes };
}

/**
 * Over a few connections, each sending its next request when the last is answered. Sockets and not
 * a client library: who asks shares the machine with who answers, and what asking costs would make
 * all answerers look alike.
 */
export async function loadWith(
  request: WireRequest,
  its: { readonly connections: number; readonly seconds: number },
): Promise<LoadFigures> {
  const tookMs: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + its.seconds * 1_000;
  const one = async () => {
    const wire = await openWire(request.port);
    while (performance.now() < endsAt) {
      const sentAt = performance.now();
      await wire.ask(request.bytes);
      tookMs.push(performance.now() - sentAt);
    }
    wire.close();
  };
  await Promise.all(Array.from({ length: its.connections }, one));
  const perSecond = tookMs.length / ((performance.now() - startedAt) / 1_000);
  return { perSecond, p99: quantiles(tookMs).p99 };
}

/** The body of one answer. */
export async function askOnce(request: WireRequest): Promise<unknown> {
  const wire = await openWire(request.port);
  try {
    return JSON.parse(await wire.ask(request.bytes));
  } finally {
    wire.close();
  }
}

interface Wire {
  /** Resolves with the body; rejects for any status but 200. */
  ask(bytes: Buffer): Promise<string>;
  close(): void;
}

async function openWire(port: number): Promise<Wire> {
  const socket = await opened(port);
  let waiting: PromiseWithResolvers<string> | null = null;
  let got: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    got.push(chunk);
    const body = wholeBody(got.length === 1 ? chunk : Buffer.concat(got));
    if (body === null) return;
    got = [];
    if (body instanceof Error) waiting?.reject(body);
    else waiting?.resolve(body);
  });
  const ended = () => waiting?.reject(new Error('the connection ended'));
  socket.on('error', ended).on('close', ended);
  return {
    ask(bytes) {
      waiting = Promise.withResolvers<string>();
      socket.write(bytes);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve).once('error', reject);
  await promise;
  return socket;
}

/** Null: not all of it is here. */
function wholeBody(answer: Buffer): string | Error | null {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = answer.toString('latin1', 0, end);
  const body = answer.subarray(end + 4);
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  const isWhole =
    length === undefined
      ? body.subarray(-5).toString('latin1') === '0\r\n\r\n'
      : body.length >= Number(length);
  if (!isWhole) return null;
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1];
  const text = body.toString('utf8');
  if (status !== '200') return new Error(`${status}: ${text.slice(0, 300)}`);
  return length === undefined ? unchunked(body) : text;
}

function unchunked(body: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, line), 16);
    if (!(size > 0)) return Buffer.concat(parts).toString('utf8');
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

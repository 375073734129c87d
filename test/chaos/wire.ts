import { once } from 'node:events';
import {
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';

import { createLies, type Lies } from './lies.js';
import { limitAnswer, waitOf, type LimitForm } from './discord-limits.js';
import { createListingFaults, type ListingFaults } from './listing.js';

/**
 * One call as observed between the processes and the sandbox Discord. All times come from one
 * clock, in ms.
 */
export interface WireCall {
  /** The process that called, by its User-Agent. */
  readonly process: string;
  readonly method: string;
  /** Without the base: `/guilds/1/members/2`. */
  readonly path: string;
  /** The path without its ids; with method and guild it names the bucket. */
  readonly route: string;
  readonly reason: string;
  readonly body: string;
  readonly startedAt: number;
  /** When the caller received its response, gave up or died. */
  endedAt: number;
  /** The status that the caller received; 0: none. */
  status: number;
  code: number | null;
  /** Discord responded after the caller had given up. */
  isLate: boolean;
  /** How long and where this response asks its caller to wait; null: no wait. */
  wait: { readonly ms: number; readonly isGlobal: boolean } | null;
}

/**
 * A proxy in front of the sandbox Discord that records each call with its process and times, as its
 * caller sees it: a call ends when its caller gives up or dies, even if the sandbox still processes
 * it. The proxy itself sends planted limits.
 */
export interface Wire {
  readonly apiBase: string;
  readonly calls: readonly WireCall[];
  /** Answers the next call with a 429 of this form. */
  plantLimit(form: LimitForm): void;
  clearLimits(): void;
  /** Lists and counts of the guild that differ from the sandbox's. */
  readonly listings: ListingFaults;
  /** Single responses that differ from the sandbox's. */
  readonly lies: Lies;
  /** The number of calls that the sandbox still processes. */
  underWay(): number;
  stop(): Promise<void>;
}

export async function startWire(sandboxBase: string): Promise<Wire> {
  const target = new URL(sandboxBase);
  const calls: WireCall[] = [];
  const limits: LimitForm[] = [];
  const listings = createListingFaults();
  const lies = createLies();
  let underWay = 0;

  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await describe(incoming);
    calls.push(call);
    response.once('close', () => (call.endedAt = Date.now()));
    const form = limits.shift();
    if (form !== undefined) return answerLimit(call, response, form);
    const refusal = lies.refuse(call);
    if (refusal !== null) return answer(call, response, { ...refusal, headers: JSON_TYPE });
    underWay += 1;
    await forward(call, incoming, response).finally(() => (underWay -= 1));
  }

  async function forward(
    call: WireCall,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { headers, method } = incoming;
    const upstream = send(target.origin + (incoming.url ?? ''), {
      method,
      headers: { ...headers, host: target.host, connection: 'close' },
      agent: false,
    });
    // Waits for a sandbox that does not respond only slightly longer than the caller did.
    response.once('close', () => upstream.setTimeout(GIVE_UP_MS));
    upstream.once('timeout', () => upstream.destroy());
    try {
      upstream.end(call.body);
      const [heard]: IncomingMessage[] = await once(upstream, 'response');
      if (heard === undefined) return;
      const text = await read(heard);
      call.isLate = response.destroyed;
      if (call.isLate) return;
      const { 'content-length': _length, ...headers } = heard.headers;
      const status = heard.statusCode ?? 0;
      const told = lies.change(call, { status, text });
      answer(call, response, {
        status: told.status,
        headers,
        text: listings.change({ ...call, status: told.status }, told.text),
      });
    } catch {
      response.destroy();
    }
  }

  const server = createServer((incoming, response) => {
    respond(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  return {
    apiBase: `http://127.0.0.1:${port}${target.pathname}`,
    calls,
    plantLimit: (form) => void limits.push(form),
    clearLimits: () => void (limits.length = 0),
    listings,
    lies,
    underWay: () => underWay,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const GIVE_UP_MS = 1_000;

async function describe(incoming: IncomingMessage): Promise<WireCall> {
  const startedAt = Date.now();
  const path = (incoming.url ?? '').replace(/^\/api\/v\d+/, '');
  const reason = String(incoming.headers['x-audit-log-reason'] ?? '');
  return {
    process: processOf(incoming),
    method: incoming.method ?? '',
    path,
    route: path.replaceAll(/\d{15,}/g, 'id'),
    reason: decodeURIComponent(reason),
    body: await read(incoming),
    startedAt,
    endedAt: Infinity,
    status: 0,
    code: null,
    isLate: false,
    wait: null,
  };
}

/** Calls with a person's own token have limits of their own. */
function processOf({ headers }: IncomingMessage): string {
  const name = /process-[\w-]+/.exec(headers['user-agent'] ?? '')?.[0] ?? 'unknown';
  return headers.authorization?.startsWith('Bearer ') ? `${name}-for-a-person` : name;
}

async function read(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function answerLimit(call: WireCall, response: ServerResponse, form: LimitForm): void {
  answer(call, response, { status: 429, ...limitAnswer(form) });
}

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };

function answer(call: WireCall, response: ServerResponse, told: Told): void {
  noteAnswer(call, told);
  response.writeHead(told.status, told.headers).end(told.text);
}

function noteAnswer(call: WireCall, answer: Told): void {
  call.status = answer.status;
  call.code = codeOf(answer.text);
  call.wait = waitOf(call, answer);
}

function codeOf(text: string): number | null {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || !('code' in body)) return null;
    return typeof body.code === 'number' ? body.code : null;
  } catch {
    return null;
  }
}

import { once } from 'node:events';
import {
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';

import { createLies, type Lies } from './chaos-lies.js';
import { limitAnswer, waitOf, type LimitForm } from './chaos-limits.js';
import { createListingFaults, type ListingFaults } from './chaos-listing.js';

/**
 * One call as the wire saw it, between the processes and the sandbox Discord. Times are of one
 * clock, in ms.
 */
export interface WireCall {
  /** The process that called, by its User-Agent. */
  readonly process: string;
  readonly method: string;
  /** Without the base: `/guilds/1/members/2`. */
  readonly path: string;
  /** The path with its ids taken out; with method and guild it names the bucket. */
  readonly route: string;
  readonly reason: string;
  readonly body: string;
  readonly startedAt: number;
  /** When the caller had its answer, gave up or died. */
  endedAt: number;
  /** What the caller was answered; 0: nothing. */
  status: number;
  code: number | null;
  /** Discord answered, after the caller had given up. */
  isLate: boolean;
  /** How long this answer asks its caller to wait, and where; null: not at all. */
  wait: { readonly ms: number; readonly isGlobal: boolean } | null;
}

/**
 * Stands before the sandbox Discord and writes down who calls what when, with the caller's view of
 * each call: a caller that gives up or dies has ended its call, whatever the sandbox still does
 * about it. A planted limit is answered here.
 */
export interface Wire {
  readonly apiBase: string;
  readonly calls: readonly WireCall[];
  /** The next call is answered with 429 in this form. */
  plantLimit(form: LimitForm): void;
  clearLimits(): void;
  /** Lists and numbers of the guild that are not as the sandbox gave them. */
  readonly listings: ListingFaults;
  /** Single answers that are not as the sandbox gave them. */
  readonly lies: Lies;
  /** Calls of which the sandbox has not made an end yet. */
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
    // A sandbox that answers nothing is not waited for much longer than its caller has waited.
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

/** What is asked with a person's own token has limits of its own. */
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

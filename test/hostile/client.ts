import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { CANARY } from './texts.js';

export interface HostileRequest {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

export interface HostileAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Sends over real connections, a few at a time, which `close` ends. */
export function createHostileClient(address: string, key: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const sendOnce = async (its: HostileRequest): Promise<HostileAnswer> => {
    const { method = 'POST', path, body = '' } = its;
    const headers: Record<string, string | string[] | number> = {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      'content-length': Buffer.byteLength(body),
    };
    for (const [name, value] of Object.entries(its.headers ?? {}))
      headers[name] = typeof value === 'string' ? value : [...value];
    const url = new URL(address);
    const outgoing = httpRequest({
      host: url.hostname,
      port: url.port,
      agent,
      method,
      path,
      headers,
    });
    const answered = once(outgoing, 'response');
    // What is refused unread may be broken off after its answer has come.
    outgoing.on('error', () => undefined);
    outgoing.end(body);
    const [response] = await answered;
    const type = response.headers['content-type'] ?? '';
    // A subscription that was accepted: it has no end of its own.
    if (type.startsWith('text/event-stream')) {
      response.destroy();
      return { status: response.statusCode ?? 0, type, text: '' };
    }
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    return {
      status: response.statusCode ?? 0,
      type,
      text: Buffer.concat(parts).toString(),
    };
  };
  /**
   * A server that refuses a long body unread ends the connection, sometimes before its answer could
   * be read.
   */
  const send = async (its: HostileRequest): Promise<HostileAnswer> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await sendOnce(its);
      } catch (error) {
        if (attempt === MOST_TRIES || !isBrokenOff(error)) throw error;
        await sleep(attempt * 20);
      }
    }
  };
  return { send, close: () => agent.destroy() };
}

/** On a busy machine the end of the connection overtakes the answer many times. */
const MOST_TRIES = 20;

function isBrokenOff(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'EPIPE' || error.code === 'ECONNRESET')
  );
}

/** Bytes on a bare connection; resolves with all that came back until the other side ended it. */
export async function sendRaw(address: string, bytes: string | Buffer): Promise<string> {
  const url = new URL(address);
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, 'connect');
  socket.on('error', () => undefined); // a reset is an answer, too
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await closed;
  return Buffer.concat(parts).toString('latin1');
}

const CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'CONFLICT',
  'FAILED_PRECONDITION',
  'DISCORD_ERROR',
  'DISCORD_RATE_LIMITED',
  'UNAVAILABLE',
  'RATE_LIMITED',
  'PERSISTED_QUERY_NOT_FOUND',
];

/** Stacks, files and SQL. */
const INSIDE =
  /\bat \S+ \(|node_modules|\/services\/|\.[cm]?[jt]s:\d|"stack"|SQLSTATE|\b(?:select|insert into|update) .*\b(?:from|values|set)\b/is;

/** What is wrong with an answer to bad input, in words; null: nothing. */
export function faultOfAnswer(answer: HostileAnswer): string | null {
  const { status, type, text } = answer;
  const say = (fault: string) => `${fault}: ${status} ${text.slice(0, 300)}`;
  if (status >= 500) return say('a fault of ours');
  if (text.includes(CANARY)) return say('repeats a secret');
  if (/^text\/(html|event-stream)/.test(type) && status === 200) return null;
  if (INSIDE.test(text)) return say('shows its inside');
  if (!/^application\/(graphql-response\+)?json/.test(type))
    return say(`is ${type || 'nothing'}, not JSON`);
  const body = parsed(text);
  if (body === undefined) return say('is not JSON');
  const wrong = codesOf(body).find((code) => !CODES.includes(code));
  if (wrong !== undefined) return say(`has the code ${wrong}`);
  return status >= 400 && codesOf(body).length === 0 ? say('no error') : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** 'none' for an error without one. */
function codesOf(body: unknown): readonly string[] {
  const { errors } = Faulty.parse(body);
  return errors.map(({ extensions }) => extensions?.code ?? 'none');
}

const Faulty = z
  .object({
    errors: z
      .array(z.object({ extensions: z.object({ code: z.string() }).optional() }))
      .default([]),
  })
  .catch({ errors: [{}] });

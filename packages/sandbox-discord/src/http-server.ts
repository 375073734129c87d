import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import { answer, type Answer } from './answers.js';
import type { SandboxAddress } from './sandbox-interface.js';
import type { ApiRequest } from './api-call.js';

type Deps = {
  readonly host: string;
  readonly port: number;
  readonly createApi: (
    sleep: (ms: number) => Promise<void>,
  ) => (request: ApiRequest) => Promise<Answer>;
  /** Handles everything outside `/api`, except the consent page. */
  readonly respondToPeople: (
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ) => void;
  /** Takes over connections that become websockets. */
  readonly upgrade: (request: IncomingMessage, stream: Duplex, head: Buffer) => void;
};

// Discord's largest images, 10 MB, in base64.
const MAX_BODY_BYTES = 15_000_000;

/** Receives requests and sends answers. It does not interpret them. */
export function createHttpServer(deps: Deps) {
  // Renewed at each start. Delays end with the server, because waiting clients are about to lose
  // their connection anyway.
  let stopping = new AbortController();
  let { port } = deps;
  const sleep = (ms: number) =>
    wait(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  const api = deps.createApi(sleep);

  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://sandbox.invalid');
    const body = await readBody(request);
    const { method = 'GET', headers } = request;
    if (!/^\/api(\/|$)|^\/oauth2\/authorize$/.test(url.pathname))
      return deps.respondToPeople(request, response, body);
    send(response, await api({ method, url, headers, body }));
  };

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      send(response, answer(500, { code: 0, message }, {}));
    });
  });

  server.on('upgrade', deps.upgrade);

  return {
    async start(): Promise<SandboxAddress> {
      stopping = new AbortController();
      server.listen(port, deps.host);
      await once(server, 'listening');
      const address = server.address();
      // A restart uses the same port, where clients expect it.
      if (typeof address === 'object' && address) port = address.port;
      const url = urlFor(deps.host, port);
      return { url, port, apiBase: `${url}/api/v10` };
    },
    async stop() {
      stopping.abort();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A server can listen on a wildcard host, but nobody can call it, so the URL names 127.0.0.1. */
export function urlFor(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('the request body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer.kind === 'silence') return;
  if (answer.kind === 'drop') return void response.destroy();
  response.writeHead(answer.status, answer.headers).end(answer.body);
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * A loopback server with scripted responses that a healthy Discord never gives. Tests that need
 * Discord's rules use the sandbox Discord.
 */
export interface ScriptedDiscord {
  readonly apiBase: string;
  readonly requests: readonly ScriptedRequest[];
  /** Open connections of callers. */
  connections(): Promise<number>;
  /** Bytes of endless bodies that callers have read. */
  endlessBytes(): number;
  /** Requests that wait for `release`. */
  held(): number;
  /** Sets the next responses, in order; the last one also answers all later calls. */
  script(...replies: Reply[]): void;
  /** Answers the held requests. */
  release(): void;
  stop(): Promise<void>;
}

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: object | string | Buffer;
  /** Repeated after the body until the caller disconnects. */
  readonly endless?: Buffer;
  /**
   * `drop`: closes the socket. `stall`: sends headers, then nothing. `hold`: answers after
   * `release`.
   */
  readonly manner?: 'answer' | 'drop' | 'silence' | 'stall' | 'hold';
}

export async function startScriptedDiscord(): Promise<ScriptedDiscord> {
  const requests: ScriptedRequest[] = [];
  let replies: readonly Reply[] = [{ status: 204 }];
  let heldReplies: (() => void)[] = [];
  let endlessBytes = 0;

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const [reply = {}, ...rest] = replies;
    if (rest.length > 0) replies = rest;

    const { status = 200, headers = {}, body = '', manner = 'answer' } = reply;
    const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
    const type = isJson ? 'application/json' : 'text/html';
    const write = () => {
      response.writeHead(status, { 'content-type': type, ...headers });
      if (manner === 'stall') response.write('{');
      else if (reply.endless) pour(response, body, reply.endless);
      else response.end(isJson ? JSON.stringify(body) : body);
    };
    if (manner === 'drop') request.socket.destroy();
    else if (manner === 'hold') heldReplies.push(write);
    else if (manner !== 'silence') write();
  };

  const pour = (response: ServerResponse, body: object | string, endless: Buffer) => {
    if (typeof body === 'string' || Buffer.isBuffer(body)) response.write(body);
    const more = () => {
      if (response.destroyed) return;
      endlessBytes += endless.length;
      response.write(endless, () => setImmediate(more));
    };
    more();
  };

  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      requests.push({ method, path, headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : null;

  return {
    apiBase: `http://127.0.0.1:${port}/api/v10`,
    requests,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    endlessBytes: () => endlessBytes,
    held: () => heldReplies.length,
    script: (...next) => {
      replies = next;
    },
    release() {
      const answers = heldReplies;
      heldReplies = [];
      for (const answer of answers) answer();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

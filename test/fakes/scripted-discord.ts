import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * A server on loopback that answers as the test says, for the answers that no healthy Discord
 * gives. Whoever needs Discord's rules takes the sandbox Discord.
 */
export interface ScriptedDiscord {
  readonly apiBase: string;
  readonly requests: readonly ScriptedRequest[];
  /** Connections of callers that are open. */
  connections(): Promise<number>;
  /** Bytes of endless bodies that callers took. */
  endlessBytes(): number;
  /** Requests that wait for `release`. */
  held(): number;
  /** Answers to come, in order; the last one is for all calls after it too. */
  script(...replies: Reply[]): void;
  /** Answers what is held. */
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
  /** An object goes out as JSON. */
  readonly body?: object | string | Buffer;
  /** Sent again and again after the body, until the caller hangs up. */
  readonly endless?: Buffer;
  /**
   * `drop`: the socket is closed. `stall`: headers, then nothing more. `hold`: answers when
   * released.
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

import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** What is answered instead of the truth. The call itself is carried out. */
export interface Lie {
  readonly method: string;
  /** Fits the path without the API's base and version, e.g. `/guilds/1/roles`. */
  readonly path: RegExp;
  /** How many calls it meets; null: all until `tellTruth`. */
  readonly times: number | null;
  /** Gets the parsed body, gives the one to answer. */
  readonly answer?: (body: unknown) => unknown;
  readonly status?: number;
}

/** Passes calls on to the sandbox, and falsifies the answers it is asked to. */
export async function startLyingDiscord(apiBase: string) {
  const target = new URL(apiBase);
  let lies: { lie: Lie; left: number }[] = [];
  const lieFor = (method: string, path: string) => {
    const found = lies.find(
      ({ lie, left }) => left > 0 && lie.method === method && lie.path.test(path),
    );
    if (found !== undefined) found.left -= 1;
    return found?.lie;
  };
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const path = url.slice(target.pathname.length);
    const onward = request(new URL(url, target), { method, headers });
    onward.on('error', () => outgoing.destroy());
    onward.on('response', (answer) => {
      void buffer(answer).then((body) => {
        const { statusCode = 500, headers } = answer;
        const lie = lieFor(method, path);
        send(outgoing, headers, { statusCode, body, lie });
      });
    });
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    apiBase: `http://127.0.0.1:${port}${target.pathname}`,
    lie: (lie: Lie) => void lies.push({ lie, left: lie.times ?? Infinity }),
    /** Lies that no call has met yet. */
    untold: () => lies.filter(({ left }) => left > 0).length,
    tellTruth: () => {
      lies = [];
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type LyingDiscord = Awaited<ReturnType<typeof startLyingDiscord>>;

function send(
  outgoing: ServerResponse,
  headers: IncomingHttpHeaders,
  answer: {
    readonly statusCode: number;
    readonly body: Buffer;
    readonly lie: Lie | undefined;
  },
): void {
  const { statusCode, body, lie } = answer;
  const { 'content-length': _, 'transfer-encoding': __, ...others } = headers;
  if (lie === undefined) {
    outgoing.writeHead(statusCode, others);
    outgoing.end(body);
    return;
  }
  const truth: unknown = body.length > 0 ? JSON.parse(String(body)) : null;
  const said = lie.answer?.(truth) ?? truth;
  outgoing.writeHead(lie.status ?? statusCode, {
    ...others,
    'content-type': 'application/json',
  });
  outgoing.end(JSON.stringify(said));
}

/** A member as answered, but with these roles. */
export const withRoles = (roles: readonly string[]) => (member: unknown) =>
  typeof member === 'object' ? { ...member, roles } : member;

/** A list of roles as answered, but without this one. */
export const withoutRole = (roleId: string) => (list: unknown) =>
  Array.isArray(list) ? list.filter(({ id }) => id !== roleId) : list;

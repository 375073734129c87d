import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * One call on its way to Discord, as seen between the connector and the sandbox. Times are
 * monotonic, in milliseconds.
 */
export interface SeenCall {
  /** The User-Agent, which tells processes apart by their PUBLIC_URL. */
  readonly process: string;
  /** Tells bots apart without keeping their tokens. */
  readonly bot: string;
  readonly method: string;
  readonly path: string;
  readonly startedMs: number;
  /** Infinity while the caller waits; a caller that dies ends it. */
  endedMs: number;
  status: number;
}

/** Passes calls on to the sandbox and remembers who made them, and when. */
export async function startObservingProxy(target: string) {
  const seen: SeenCall[] = [];
  let delayMs = 0;
  const server = createServer((incoming, outgoing) => {
    const call = describe(incoming);
    seen.push(call);
    outgoing.once('close', () => {
      call.endedMs = performance.now();
    });
    setTimeout(() => {
      passOn(new URL(incoming.url ?? '/', target), incoming, outgoing, call);
    }, delayMs);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    seen: (): readonly SeenCall[] => seen,
    forget: () => void seen.splice(0),
    /** Discord is as slow as this from now on. */
    slowDown: (ms: number) => {
      delayMs = ms;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function describe({ headers, method = '', url = '' }: IncomingMessage) {
  const bot = createHash('sha256').update(headers.authorization ?? '');
  return {
    process: headers['user-agent'] ?? '',
    bot: bot.digest('hex').slice(0, 8),
    method,
    path: url,
    startedMs: performance.now(),
    endedMs: Infinity,
    status: 0,
  };
}

function passOn(
  url: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  call: SeenCall,
): void {
  const { method, headers } = incoming;
  const onward = request(url, { method, headers }, (answer) => {
    call.status = answer.statusCode ?? 0;
    outgoing.writeHead(call.status, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}

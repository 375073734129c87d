import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * A Discord that repeats everything it receives, in every form: in responses of all kinds, valid
 * and broken.
 */
export interface EchoingDiscord {
  readonly address: string;
  readonly heard: () => string;
  readonly stop: () => Promise<void>;
}

export async function startEchoingDiscord(): Promise<EchoingDiscord> {
  let calls = 0;
  const heard: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse, body: string) => {
    const sent = `${request.method} ${request.url} ${request.headers.authorization} ${body}`;
    heard.push(sent);
    calls += 1;
    const manner = calls % 5;
    if (manner === 4) {
      request.socket.destroy();
      return;
    }
    const status = [401, 403, 400, 500][manner] ?? 500;
    response.writeHead(status, sent.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 400), {
      'content-type': 'application/json',
      'x-echo': encodeURIComponent(sent),
    });
    response.end(
      manner === 2
        ? `{"message": "${sent}`
        : JSON.stringify({
            message: sent,
            code: 0,
            error: 'invalid_client',
            error_description: sent,
          }),
    );
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks).toString('utf8')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const place = server.address();
  const port = typeof place === 'object' ? (place?.port ?? 0) : 0;
  return {
    address: `http://127.0.0.1:${port}`,
    heard: () => heard.join('\n'),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

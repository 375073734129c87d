import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { z } from 'zod';

/** Takes what an OpenTelemetry exporter sends over HTTP as JSON. */
export interface TraceCollector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  readonly spans: () => readonly CollectedSpan[];
  /** Everything as it came, for whoever looks for what must not be in it. */
  readonly raw: () => string;
  readonly stop: () => Promise<void>;
}

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly links: readonly string[];
  readonly attributes: ReadonlyMap<string, unknown>;
}

export async function startTraceCollector(port = 0): Promise<TraceCollector> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/v1/traces') bodies.push(Buffer.concat(chunks).toString('utf8'));
      response.writeHead(request.url === '/v1/traces' ? 200 : 404, {
        'content-type': 'application/json',
      });
      response.end('{}');
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    spans: () => bodies.flatMap((body) => spansIn(JSON.parse(body))),
    raw: () => bodies.join('\n'),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

const Value = z.object({
  stringValue: z.string().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
  boolValue: z.boolean().optional(),
  arrayValue: z.object({ values: z.array(z.unknown()) }).optional(),
});

const Sent = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              links: z.array(z.object({ traceId: z.string() })).optional(),
              attributes: z.array(z.object({ key: z.string(), value: Value })).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

function spansIn(sent: unknown): readonly CollectedSpan[] {
  return Sent.parse(sent)
    .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map((span) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId ?? null,
      name: span.name,
      links: (span.links ?? []).map(({ traceId }) => traceId),
      attributes: new Map(
        (span.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]),
      ),
    }));
}

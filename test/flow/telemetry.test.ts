import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { createTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { freePort, startService, type Service } from '../support/service.js';
import {
  startTraceCollector,
  type CollectedSpan,
  type TraceCollector,
} from '../support/trace-collector.js';

/** The service as a process, with a collector for its traces. Metrics are read over HTTP. */
let dataDir: string;
let collector: TraceCollector;
let service: Service;

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLERS_SPAN = '00f067aa0ba902b7';

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'telemetry-'));
  collector = await startTraceCollector();
  service = await startService({
    env: {
      DATA_DIR: dataDir,
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/`,
    },
  });
});

afterAll(async () => {
  await service.stop();
  await collector.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const metrics = async (): Promise<string> => (await fetch(`${service.address}/metrics`)).text();

/** Waits for a value and returns it. */
async function seen<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  let found: T | undefined;
  await eventually(
    async () => {
      found = await look();
      return found !== undefined;
    },
    { what },
  );
  if (found === undefined) throw new Error(`not found: ${what}`);
  return found;
}

describe('a fact sent within a caller’s trace', () => {
  let record: z.output<typeof Records>['auditRecords']['nodes'][number];

  beforeAll(async () => {
    const answer = await fetch(`${service.address}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${service.key}`,
        traceparent: `00-${TRACE_ID}-${CALLERS_SPAN}-01`,
      },
      body: JSON.stringify({ query: PUT_ALICE_AMONG_THE_DIRECTORS }),
    });
    expect(await answer.json()).not.toHaveProperty('errors');
    record = await seen('a record that names the trace', async () => {
      const { auditRecords } = Records.parse(await service.api(RECORDS, {}, service.key));
      return auditRecords.nodes.find(
        ({ closedAt, causes }) =>
          closedAt !== null && causes.some(({ traceId }) => traceId === TRACE_ID),
      );
    });
  });

  const spansOfTrace = () => collector.spans().filter(({ traceId }) => traceId === TRACE_ID);
  const spanNamed = (name: string) =>
    seen(`a span "${name}"`, async () => spansOfTrace().find((span) => span.name.startsWith(name)));

  test('is traced from the request to the run and to each call', async () => {
    const request = await spanNamed('POST /graphql');
    const run = await spanNamed('reconcile member');
    const write = await spanNamed('PUT /guilds/');

    expect(request.parentSpanId).toBe(CALLERS_SPAN);
    expect(run.parentSpanId).toBe(request.spanId);
    expect(write.parentSpanId).toBe(run.spanId);
    expect(attributesOf(write)).toMatchObject({
      'http.request.method': 'PUT',
      'discord.user.id': record.discordUserId,
    });
  });

  test('leads from the trace to its record, and back', async () => {
    const run = await spanNamed('reconcile member');
    const opened = await spanNamed('open audit record');

    expect(opened.parentSpanId).toBe(run.spanId);
    expect(attributesOf(opened)['connector.audit_record.id']).toBe(record.id);
    expect(attributesOf(run)).toMatchObject({
      'connector.audit_record.id': record.id,
      'connector.client.id': record.client.id,
      'discord.user.id': record.discordUserId,
      'discord.guild.id': expect.stringMatching(/^\d+$/),
      'connector.outcome': 'APPLIED',
    });
  });

  test('is counted in public metrics that identify no person', async () => {
    const text = await metrics();

    const applied = /reconciles_total\{client="[0-9a-f-]+",outcome="applied"\} \d+/;
    expect(text).toMatch(applied);
    expect(text).toMatch(/oldest_wrong_role_seconds\{client="[0-9a-f-]+"\} 0\n/);
    expect(text).toMatch(/client_healthy\{client="[0-9a-f-]+",reason="none"\} 1\n/);
    expect(text).toContain('graphql_seconds_count{type="mutation",operation="other"}');
    expect(text).not.toContain(record.discordUserId);
    expect(text).not.toMatch(/alice/i);
  });
});

describe('the output of a process', () => {
  test('contains metrics that promtool accepts', async ({ skip }) => {
    const text = await metrics();
    const verdict = await promtool(['check', 'metrics'], text);
    skip(verdict === null, 'there is no promtool here');

    expect(verdict).toEqual({ code: 0, said: '' });
  });

  test('contains no administrator key and no secret of the sandbox', async () => {
    await service
      .api('{ discordClients { nodes { id } } }', {}, service.key)
      .catch(() => undefined);

    const log = service
      .said()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    const all = [...log, collector.raw(), await metrics()].join('\n');

    expect(log.length).toBeGreaterThan(10);
    const kept = Object.values(
      z
        .record(z.string(), z.string())
        .parse(JSON.parse(await readFile(join(dataDir, 'sandbox-keys.json'), 'utf8'))),
    );
    expect(kept.length).toBeGreaterThan(2);
    for (const secret of [service.key, ...kept]) expect(all).not.toContain(secret);
    expect(all).not.toMatch(/Bearer (?!\[)/);
  });
});

describe('a process without the API', () => {
  test('serves its metrics, and logs more from one SIGUSR2 to the next', async ({
    onTestFinished,
  }) => {
    const database = await createTestDatabase();
    const alone = await startService({
      env: {
        PORT: String(await freePort()),
        SANDBOX: 'false',
        DATABASE_URL: database.url,
        ENCRYPTION_KEYS: `first:${Buffer.alloc(32, 5).toString('base64')}`,
        PARTS: 'reconcile,sweeps',
        LOG_LEVEL: 'warn',
      },
    });
    onTestFinished(async () => {
      await alone.stop();
      await database.drop();
    });
    const readMetrics = async () => (await fetch(`${alone.address}/metrics`)).text();
    await eventually(async () => /part_ready\{part="reconcile"\} 1/.test(await readMetrics()));
    const before = alone.said();

    alone.signal('SIGUSR2');
    await eventually(() => alone.said().includes('log level raised'));
    await readMetrics();
    await eventually(() => alone.said().includes('"url":"/metrics"'));
    alone.signal('SIGUSR2');
    await eventually(() => alone.said().includes('log level restored'));

    expect(before).toBe('');
    expect(await readMetrics()).toContain('discord_connector_outbox_rows 0');
  });
});

describe('without its trace collector', () => {
  test('the service continues, and logs the outage once and then the recovery', async () => {
    const port = Number(new URL(collector.endpoint).port);
    await collector.stop();
    const ask = () => service.api('{ __typename }', {}, service.key);

    await eventually(
      async () => {
        await ask();
        return lines('trace export failed').length > 0;
      },
      { what: 'the line' },
    );
    collector = await startTraceCollector(port);
    await eventually(
      async () => {
        await ask();
        return lines('trace export recovered').length > 0;
      },
      { what: 'the other line' },
    );

    expect(lines('trace export failed')).toHaveLength(1);
  });
});

const lines = (words: string) =>
  service
    .said()
    .split('\n')
    .filter((line) => line.includes(words));

const attributesOf = ({ attributes }: CollectedSpan): Record<string, unknown> =>
  Object.fromEntries(attributes);

async function promtool(
  args: readonly string[],
  input: string,
): Promise<{ readonly code: number; readonly said: string } | null> {
  return new Promise((resolve) => {
    const child = execFile('promtool', [...args], (error, stdout, stderr) => {
      const code = error?.code ?? 0;
      if (code === 'ENOENT') resolve(null);
      else resolve({ code: Number(code), said: `${stdout}${stderr}` });
    });
    child.stdin?.on('error', () => undefined).end(input);
  });
}

const PUT_ALICE_AMONG_THE_DIRECTORS = `mutation {
  recordMembershipChanges(input: { changes: [
    { platformUserId: "alice", groupId: "directors", change: ADDED }] }) { results { verdict } } }`;

const RECORDS = `{ auditRecords(first: 50) { nodes {
  id closedAt discordUserId client { id } causes { kind traceId } } } }`;

const Records = z.object({
  auditRecords: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        closedAt: z.string().nullable(),
        discordUserId: z.string(),
        client: z.object({ id: z.string() }),
        causes: z.array(z.object({ kind: z.string(), traceId: z.string().nullable() })),
      }),
    ),
  }),
});

import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { findLeaks, type Output } from './secrets.js';
import type { ServiceStage } from './stage.js';
import type { Stage } from '../stage.js';

/** What holds of a whole service beside what holds of the path. */
export async function serviceFaults(stage: Stage): Promise<readonly string[]> {
  const { service } = stage;
  if (service === null) return [];
  const written = await tellingFaults(stage, service);
  return [
    ...new Set(service.api.faults),
    ...written.faults,
    ...findLeaks(service.planted, [...(await outputsOf(stage, service)), ...written.outputs]),
  ];
}

const Rows = z.array(z.object({ id: z.string(), text: z.string() }));

/** All that was to be told was told; and only what was garbled was put aside. */
async function tellingFaults(
  { query }: Stage,
  { broker }: ServiceStage,
): Promise<{
  readonly faults: readonly string[];
  readonly outputs: readonly Output[];
}> {
  if (broker === null) return { faults: [], outputs: [] };
  const untilMs = Date.now() + PATIENCE_MS;
  const waiting = async () => (await query('select from outbox')).length;
  while ((await waiting()) > 0 && Date.now() < untilMs) await sleep(50);
  const left = await waiting();
  const events = Rows.parse(await query('select id::text, type as text from chaos_told'));
  const written = await broker.readWritten();
  const told = written.filter(({ topic }) => topic.endsWith('.written'));
  const dead = written.filter(({ topic }) => topic.endsWith('.dlq'));
  const untold = events.filter(({ id }) => !told.some(({ text }) => text.includes(id)));
  const wrongly = dead.filter(({ text }) => !text.includes('dlq-offset: 0\n'));
  return {
    faults: [
      ...(left > 0 ? [`${left} events are never sent`] : []),
      ...untold.map(({ id, text }) => `event ${id} (${text}) was not sent`),
      ...(dead.length === 0 ? ['what was garbled is nowhere'] : []),
      ...wrongly.map(({ text }) => `a good event was put aside: ${text}`),
    ],
    outputs: written.map(({ topic, text }) => ({
      where: `topic ${topic}`,
      text,
    })),
  };
}

/** After an outage it is tried again within half a minute. */
const PATIENCE_MS = 45_000;

/**
 * Tried three times: the server may close a kept connection in the moment in which it is used again.
 */
async function readMetrics(address: string, tries = 3): Promise<string> {
  try {
    const response = await fetch(`${address}/metrics`);
    return await response.text();
  } catch (error) {
    if (tries > 1) return readMetrics(address, tries - 1);
    const why = error instanceof Error ? String(error.cause) : String(error);
    throw new Error(`cannot read the metrics of ${address}: ${why}`, { cause: error });
  }
}

/** Wherever something of the service can be read by somebody. */
async function outputsOf(
  { query }: Stage,
  { crew, api, pages }: ServiceStage,
): Promise<readonly Output[]> {
  const metrics = await Promise.all(
    crew.doors().map(async (address) => ({
      where: 'the metrics',
      text: await readMetrics(address),
    })),
  );
  const printed = crew.printed().map(({ name, text }) => ({
    where: `the log of ${name}`,
    text,
  }));
  const tables = z
    .array(z.object({ name: z.string() }))
    .parse(
      await query(
        `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
      ),
    );
  const rows = await Promise.all(
    tables.map(async ({ name }) => ({
      where: `table ${name}`,
      text: z
        .array(z.object({ text: z.string() }))
        .parse(await query(`select t::text as text from ${name} t`))
        .map(({ text }) => text)
        .join('\n'),
    })),
  );
  return [...printed, ...api.answers, ...pages, ...metrics, ...rows];
}

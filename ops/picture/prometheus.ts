import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

import { eventually } from '../../test/support/eventually.js';
import { freePort } from '../../test/support/service.js';
import { endChild, spawnBound } from '../../test/support/spawn-bound.js';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and what it was then; NaN where a quotient had nothing to divide. */
  readonly points: readonly (readonly [number, number])[];
}

/** A real Prometheus on this machine, with data of its own that go with it. */
export interface Prometheus {
  now(expression: string): Promise<readonly Series[]>;
  range(
    expression: string,
    span: { readonly from: number; readonly to: number; readonly step: number },
  ): Promise<readonly Series[]>;
  stop(): Promise<void>;
}

/** Rejects where there is no `prometheus` on the PATH. */
export async function startPrometheus(options: {
  /** `host:port` of the service. */
  readonly target: string;
  readonly scrapeSeconds: number;
}): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-picture-'));
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, JSON.stringify(configOf(options)));
  const address = `127.0.0.1:${await freePort()}`;
  const child = await spawnBound(
    [
      'prometheus',
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore' },
  );
  const stop = async () => {
    await endChild(child, 5_000);
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://${address}/api/v1`;
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error('prometheus has ended');
        return fetch(`${url}/query?query=up%3D%3D1`).then(hasResult, () => false);
      },
      { withinMs: 30_000, what: 'the service is scraped' },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    now: (query) => ask(`${url}/query`, { query }),
    range: (query, { from, to, step }) =>
      ask(`${url}/query_range`, {
        query,
        start: String(from),
        end: String(to),
        step: String(step),
      }),
    stop,
  };
}

/** YAML is JSON, too. */
function configOf(options: { readonly target: string; readonly scrapeSeconds: number }) {
  const interval = `${options.scrapeSeconds}s`;
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    scrape_configs: [
      {
        job_name: 'discord-connector',
        static_configs: [{ targets: [options.target] }],
      },
    ],
  };
}

const Answer = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]).optional(),
        values: z.array(z.tuple([z.number(), z.string()])).optional(),
      }),
    ),
  }),
});

async function hasResult(response: Response): Promise<boolean> {
  // It says no until it has read its own data.
  if (!response.ok) return false;
  return Answer.parse(await response.json()).data.result.length > 0;
}

async function ask(
  url: string,
  parameters: Readonly<Record<string, string>>,
): Promise<readonly Series[]> {
  const body = new URLSearchParams(parameters);
  const response = await fetch(url, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${parameters['query']}: ${text}`);
  const { data } = Answer.parse(JSON.parse(text));
  return data.result.map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? (value ? [value] : [])).map(([at, number]) => [at, Number(number)]),
  }));
}

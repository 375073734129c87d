import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { z } from 'zod';

import { compiledProject } from './compiled.js';
import { eventually, patienceMs } from './eventually.js';
import { endChild, spawnBound } from './spawn-bound.js';

type Settings = Readonly<Record<string, string>>;

/** The connector as a process of its own, as people run it, spoken to over HTTP alone. */
export interface Service {
  /** `http://127.0.0.1:PORT` of the API. */
  readonly address: string;
  /** Of the sandbox Discord's page; empty where the sandbox is off. */
  readonly sandboxPage: string;
  /** The administrator's key that the greeting names; empty where the sandbox is off. */
  readonly key: string;
  /** Everything printed so far. */
  readonly said: () => string;
  /** Answers `data`; throws on GraphQL errors. */
  readonly api: (
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    key?: string,
  ) => Promise<unknown>;
  readonly readiness: () => Promise<Readiness>;
  /** Resolves when the process has ended, whatever ended it. */
  readonly ended: () => Promise<Ending>;
  readonly signal: (signal: 'SIGINT' | 'SIGTERM' | 'SIGUSR2') => void;
  /** SIGTERM. Resolves when the process has ended. */
  readonly stop: () => Promise<Ending>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
}

export interface Ending {
  readonly code: number | null;
  readonly said: string;
}

export type Readiness = z.output<typeof Readiness>;

interface StartOptions {
  readonly env: Settings;
  /** Live: it answers, whatever it is still waiting for. */
  readonly until?: 'live' | 'ready';
}

/**
 * Starts the connector and waits until it can be used. What is not in `env` has its default, but
 * ports are any free ones: the greeting names them. Without a sandbox there is no greeting, so
 * `PORT` must be given.
 */
export async function startService(options: StartOptions): Promise<Service> {
  const env: Settings = { PORT: '0', SANDBOX_PORT: '0', ...options.env };
  const running = await launch(env);
  const { until = 'ready' } = options;
  await eventually(() => isUp(running, env, until), {
    what: 'the connector is up',
  }).catch(async (error: unknown) => {
    await endChild(running.child, 0);
    throw new Error(`${String(error)}: ${running.said()}`);
  });
  const named = (name: string) => new RegExp(`${name} +(\\S+)`).exec(running.said())?.[1] ?? '';
  const key = named("Administrator's key");
  const address = named('GraphQL').replace('/graphql', '') || `http://127.0.0.1:${env['PORT']}`;
  return {
    address,
    key,
    sandboxPage: named('The guild, live'),
    said: running.said,
    api: (query, variables = {}, asking = key) =>
      ask(`${address}/graphql`, asking, { query, variables }),
    readiness: async () => Readiness.parse(await (await fetch(`${address}/health/ready`)).json()),
    signal: (signal) => void running.child.kill(signal),
    async ended() {
      await running.ended;
      return { code: running.child.exitCode, said: running.said() };
    },
    async stop() {
      await endChild(running.child, patienceMs());
      return { code: running.child.exitCode, said: running.said() };
    },
    kill: () => endChild(running.child, 0),
  };
}

/** For a start that must fail: runs until the process ends by itself. */
export async function runService(options: { readonly env: Settings }): Promise<Ending> {
  const { child, said } = await launch(options.env);
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs());
  await once(child, 'close');
  clearTimeout(timer);
  return { code: child.exitCode, said: said() };
}

/**
 * Starts the connector on a free port. If another process takes the port first, tries another one.
 */
export async function startOnFreePort({ env, ...options }: StartOptions): Promise<Service> {
  for (;;) {
    const PORT = String(await freePort());
    try {
      return await startService({ ...options, env: { ...env, PORT } });
    } catch (error) {
      if (!String(error).includes(`PORT ${PORT}: the port is already in use`)) throw error;
    }
  }
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

const Readiness = z.object({
  status: z.string(),
  parts: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      reason: z.string().optional(),
    }),
  ),
});

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  readonly said: () => string;
}

/** Nothing of the environment of the tests goes in but what a process needs to be found. */
async function launch(env: Settings): Promise<Running> {
  const home = await compiledProject();
  const { PATH = '' } = process.env;
  const child = await spawnBound([process.execPath, join(home, 'services/main.js')], {
    env: { PATH, NODE_COMPILE_CACHE: join(home, 'compile-cache'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (line) => lines.push(line));
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  return { child, ended, said: () => lines.join('\n') };
}

async function isUp({ child, said }: Running, env: Settings, until: 'live' | 'ready') {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`the connector ended with code ${child.exitCode}`);
  if (env['PORT'] === '0') return said().includes('recordMembershipChanges');
  const url = `http://127.0.0.1:${env['PORT']}/health/${until}`;
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

const Answer = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string(), extensions: z.unknown() })).optional(),
});

async function ask(
  url: string,
  key: string,
  body: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
    },
    body: JSON.stringify(body),
  });
  const { data, errors } = Answer.parse(await response.json());
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Crew, CrewPlan, GivenUp } from '../crew.js';
import { readNews, type News, type Order } from './orders.js';
import { compiledProject } from '../../support/compiled.js';
import { createPauses } from '../../support/pauses.js';
import { spawnBound, watchDeath } from '../../support/spawn-bound.js';

type Settings = Readonly<Record<string, string>>;

/** The service in one process or several, each as production runs it. */
export interface ServiceCrew extends Crew {
  /** Of the processes that serve the API, `http://127.0.0.1:PORT`. */
  readonly addresses: () => readonly string[];
  /** Of all living processes; those without the API answer for their health and numbers. */
  doors(): readonly string[];
  /** The clock of one of them is put forward or back. */
  stepClock(place: number, stepMs: number): void;
  /** What each process that ever ran has printed, by its name. */
  printed(): readonly { readonly name: string; readonly text: string }[];
}

/** The parts that the process at this place runs. */
export function partsAt({ count, isSplit }: CrewPlan, place: number): string {
  const all = 'api,events,reconcile,sweeps';
  if (!isSplit || count === 1) return all;
  return ['api,events', 'reconcile,sweeps', all][place] ?? all;
}

export async function startServiceCrew(plan: CrewPlan, settings: Settings): Promise<ServiceCrew> {
  let started = 0;
  const givenUp: GivenUp[] = [];
  const limited: GivenUp[] = [];
  const deaths: string[] = [];
  const ran: Worker[] = [];
  const pausing = createPauses();
  const start = async (place: number): Promise<Worker> => {
    started += 1;
    const name = `service-${started}`;
    const worker = await launch(name, {
      ...settings,
      PARTS: partsAt(plan, place),
      PUBLIC_URL: `http://127.0.0.1/process-${name}`,
    });
    ran.push(worker);
    worker.onNews((news) => {
      const process = `process-${name}`;
      if ('givenUpAtMs' in news) givenUp.push({ process, atMs: news.givenUpAtMs });
      if ('limitedAtMs' in news) limited.push({ process, atMs: news.limitedAtMs });
    });
    worker.onDeath((how) => deaths.push(`${name} ${how}: ${worker.text().slice(-2_000)}`));
    await worker.working;
    return worker;
  };
  const workers = await Promise.all(Array.from({ length: plan.count }, (_, place) => start(place)));
  const at = (place: number) => workers[place % workers.length];
  return {
    givenUp,
    limited,
    deaths,
    addresses: () => workers.flatMap((each) => (each.hasApi ? (each.address() ?? []) : [])),
    doors: () => workers.flatMap((each) => (each.isAlive() ? (each.address() ?? []) : [])),
    stepClock: (place, stepMs) => at(place)?.order({ stepMs }),
    printed: () => ran.map(({ name, text }) => ({ name, text: text() })),
    async replace(place, how) {
      const index = place % workers.length;
      await workers[index]?.[how]();
      workers[index] = await start(index);
    },
    pauses: pausing.pauses,
    pause(place, ms) {
      const worker = at(place);
      if (worker) pausing.pause(worker.child, `process-${worker.name}`, ms);
    },
    pausesAreOver: async () => pausing.over(),
    async stop() {
      await pausing.over();
      await Promise.all(workers.map(async (worker) => worker.stop()));
    },
  };
}

interface Worker {
  readonly name: string;
  readonly child: ChildProcess;
  readonly hasApi: boolean;
  address(): string | null;
  isAlive(): boolean;
  readonly text: () => string;
  /** Also when it was ended on its way up. */
  readonly working: Promise<unknown>;
  onNews(note: (news: News) => void): void;
  /** Also called with an end on its way up. */
  onDeath(note: (how: string) => void): void;
  order(order: Order): void;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** Nothing of the environment of the tests goes in but what a process needs to be found. */
async function launch(name: string, settings: Settings): Promise<Worker> {
  const home = await compiledProject();
  const script = join(home, 'test/chaos/service/child.js');
  const { PATH = '' } = process.env;
  const child = await spawnBound([process.execPath, script], {
    env: { PATH, NODE_COMPILE_CACHE: join(home, 'compile-cache'), ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  let note: (news: News) => void = () => undefined;
  const working = Promise.withResolvers<void>();
  child.on('message', (message) => {
    const news = readNews(message);
    if ('isWorking' in news) working.resolve();
    else note(news);
  });
  const address = () => addressIn(text);
  let noteDeath: (how: string) => void = () => undefined;
  const end = watchDeath(child, (how) => noteDeath(how));
  return {
    name,
    child,
    hasApi: settings['PARTS']?.includes('api') ?? true,
    address,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    text: () => text,
    working: Promise.race([working.promise, failing(child, () => text)]),
    onNews: (listen) => (note = listen),
    onDeath: (listen) => (noteDeath = listen),
    order: (order) => void (child.connected && child.send(order)),
    stop: async () => end(STOP_MS),
    kill: async () => end(0),
  };
}

const STOP_MS = 15_000;

/** One that ends by itself has met something that waiting does not heal. */
async function failing(child: ChildProcess, said: () => string): Promise<void> {
  await once(child, 'exit');
  if (child.exitCode !== null && child.exitCode > 0)
    throw new Error(`the service ended by itself: ${said().slice(-2_000)}`);
}

function addressIn(text: string): string | null {
  return /"address":"([^"]+)"/.exec(text)?.[1] ?? null;
}

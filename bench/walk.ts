/**
 * `npm run walk`: how much code one event, one query, one sign-in and one sweep run through, by
 * V8's precise coverage of the compiled service. Prints the number of named functions and of files
 * in services/, without the demo; `--list` also prints each of them.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { z } from 'zod';

import { DEMO } from '../services/demo/demo-world.js';
import { eventually } from '../test/support/eventually.js';
import { startService, type Service } from '../test/support/service.js';
import { createDataFolder, holds } from '../test/support/story.js';
import { startKafka } from '../test/support/kafka-node.js';
import { openCoverage, type Coverage } from './support/coverage.js';
import { createPlatformTopic } from './support/platform-topic.js';
import { signInByHttp } from './support/sign-in-by-http.js';

/** Waits for the work after a walk, such as closing the record, which counts as part of it. */
const SETTLED_MS = 1500;

const USER =
  'discordUser(id: $id) { id username state reason roles { id name } platformUser { id username } }';

const folder = await createDataFolder();
const kafka = await startKafka();
const topic = await createPlatformTopic(kafka.brokers, 1);
const groupId = `walk-${process.pid}`;
const service = await startService({
  env: {
    DATA_DIR: folder.path,
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_TOPICS: topic.name,
    KAFKA_EVENTS_TOPIC: `${topic.name}.written`,
    KAFKA_GROUP_ID: groupId,
    NODE_OPTIONS: '--inspect=127.0.0.1:0',
  },
});
try {
  await topic.waitForReader(groupId);
  const coverage = await openCoverage(service.said());
  try {
    const idle = new Set(await measured(coverage, () => delay(1000)));
    for (const [what, walk] of await walks(service))
      report(what, await measured(coverage, walk), idle);
  } finally {
    // A process waits for its debugger before it exits.
    coverage.close();
  }
} finally {
  await service.stop();
  await topic.close();
  await kafka.close();
  await folder.remove();
}

type Walk = () => Promise<unknown>;

async function walks(at: Service): Promise<readonly (readonly [string, Walk])[]> {
  const clientId = await findClient(at);
  const id = await findLink(at, clientId);
  const url = await beginLink(at, clientId);
  return [
    ['one membership event, until its record is closed', walkEvent],
    ['one discordUser(id)', () => at.api(`query ($id: ID!) { ${USER} }`, { id })],
    ['one OAuth2 callback', () => signInByHttp(url, DEMO.accounts.dave)],
    ['one VERIFY_GROUPS', () => runSweep(at, clientId)],
  ];
}

async function walkEvent(): Promise<void> {
  await topic.send([
    {
      platformUserId: 'alice',
      groupId: 'directors',
      change: 'added',
      sequence: 1,
    },
  ]);
  await eventually(() => holds(service, 'alice', 'director'), {
    what: 'Alice is a director',
  });
}

async function runSweep(at: Service, clientId: string): Promise<void> {
  const started = z
    .object({ startSweep: z.object({ sweep: z.object({ id: z.string() }) }) })
    .parse(
      await at.api(
        'mutation ($id: ID!) { startSweep(input: { clientId: $id, kind: VERIFY_GROUPS }) { sweep { id } } }',
        { id: clientId },
      ),
    );
  const { id } = started.startSweep.sweep;
  const State = z.object({ sweep: z.object({ state: z.string() }) });
  await eventually(
    async () => {
      const answer = await at.api('query ($id: ID!) { sweep(id: $id) { state } }', { id });
      return State.parse(answer).sweep.state === 'DONE';
    },
    { what: 'the sweep is done' },
  );
}

async function findClient(at: Service): Promise<string> {
  const answer = await at.api('{ discordClients { id } }');
  const { discordClients } = z
    .object({ discordClients: z.array(z.object({ id: z.string() })) })
    .parse(answer);
  return discordClients[0]?.id ?? '';
}

async function findLink(at: Service, clientId: string): Promise<string> {
  const answer = await at.api(
    'query ($id: ID!) { discordUserByPlatformId(clientId: $id, platformUserId: "alice") { id } }',
    { id: clientId },
  );
  return z.object({ discordUserByPlatformId: z.object({ id: z.string() }) }).parse(answer)
    .discordUserByPlatformId.id;
}

async function beginLink(at: Service, clientId: string): Promise<string> {
  const answer = await at.api(
    'mutation ($id: ID!) { beginDiscordLink(input: { clientId: $id, platformUserId: "dave" }) { url } }',
    { id: clientId },
  );
  return z.object({ beginDiscordLink: z.object({ url: z.string() }) }).parse(answer)
    .beginDiscordLink.url;
}

async function measured(coverage: Coverage, walk: Walk) {
  await coverage.take();
  await walk();
  await delay(SETTLED_MS);
  return coverage.take();
}

function report(what: string, functions: readonly string[], idle: ReadonlySet<string>): void {
  const own = functions.filter((name) => !idle.has(name));
  console.log(
    `${what}: ${counted(functions)}; without the functions that run when idle ${counted(own)}`,
  );
  if (!process.argv.includes('--list')) return;
  for (const name of own) console.log(`  ${name}`);
}

function counted(functions: readonly string[]): string {
  const files = new Set(functions.map((name) => name.split('#')[0]));
  return `${functions.length} named functions in ${files.size} files`;
}

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import {
  collect,
  createCleanup,
  createTopic,
  plainClient,
  produce,
  type SeenMessage,
} from '../broker/events-setting.js';
import { takeBackup } from '../support/backup.js';
import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { queryOnce } from '../support/query-once.js';
import type { Service } from '../support/service.js';
import { createSharedWorld, type Person, type SharedWorld } from '../support/shared-world.js';

/** Runs ops/backup.md, step by step. */

const PEOPLE = 24;
/**
 * People who keep the role throughout. Without them more than half of the holders would lose it
 * within an hour, which the guard holds.
 */
const STANDING = Array.from({ length: 12 }, (_, at) => 12 + at);
const OLD_GROUP = uniqueName('discord-connector');
const topic = uniqueName('platform.events');
const writtenTopic = uniqueName('discord-connector.events');

const cleanup = createCleanup();
let world: SharedWorld;
let told: readonly SeenMessage[];
let clientId: string;
let sequence = 0;

/** The tools that the runbook's script needs. */
const TOOLS = ['bash', 'curl', 'jq'];

function canRun(): boolean {
  if (!hasKafka()) return false;
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
  if (missing.length > 0)
    console.log(`Restoring by the book is not tried: no ${missing.join(', ')}`);
  return missing.length === 0;
}

beforeAll(async () => {
  if (!canRun()) return;
  const { brokers } = testBroker();
  await createTopic(brokers, topic, { partitions: 3 });
  await createTopic(brokers, writtenTopic);
  world = await createSharedWorld({ guilds: 1, peoplePerGuild: PEOPLE });
  cleanup.add(() => world.end());
  told = await collect(brokers, writtenTopic, cleanup);
});

afterAll(async () => cleanup.run());

const start = async (name: string, env: Readonly<Record<string, string>> = {}): Promise<Service> =>
  world.startProcess(name, {
    KAFKA_BROKERS: testBroker().brokers,
    KAFKA_TOPICS: topic,
    KAFKA_EVENTS_TOPIC: writtenTopic,
    KAFKA_GROUP_ID: OLD_GROUP,
    ...env,
  });

function person(number: number): Person {
  const found = world.people[number];
  if (found === undefined) throw new Error(`no person ${number}`);
  return found;
}

/** Sends changes through the broker, as the platform does. */
async function say(change: 'added' | 'removed', ...numbers: readonly number[]): Promise<void> {
  sequence += 1;
  const messages = numbers.map((number) => {
    const { platformUserId: userId } = person(number);
    return {
      key: userId,
      value: JSON.stringify({
        specversion: '1.0',
        id: `${change}-${sequence}-${userId}`,
        source: 'https://platform.example.org/groups',
        type: 'platform.group.membership.changed.v1',
        time: new Date().toISOString(),
        data: { userId, groupId: 'pilots', change, sequence },
      }),
      headers: { 'content-type': 'application/cloudevents+json' },
    };
  });
  await produce(testBroker().brokers, topic, messages);
}

const holders = () => world.people.flatMap((each, at) => (world.holdsPilot(each) ? [at] : []));

const areHolders = async (...wanted: readonly number[]) =>
  eventually(() => String(holders()) === String([...wanted, ...STANDING]), {
    what: `the role is held by ${wanted.join(', ')} and who always holds it`,
  });

const writes = () => world.proxy.seen().filter(({ method }) => method !== 'GET');

/** Returns the write calls for these people, except removals. */
const givenTo = (...numbers: readonly number[]) =>
  writes().filter(
    ({ method, path }) =>
      method !== 'DELETE' && numbers.some((number) => path.includes(person(number).discordUserId)),
  );

const ask = async (service: Service, query: string, variables: object = {}) =>
  service.api(query, { ...variables }, world.apiKey);

const LinkOf = z.object({
  discordUserByPlatformId: z.object({ id: z.string(), discordUserId: z.string() }).nullable(),
});

async function unlink(service: Service, platformUserId: string) {
  const { discordUserByPlatformId: found } = LinkOf.parse(
    await ask(
      service,
      'query ($clientId: ID!, $platformUserId: ID!) { discordUserByPlatformId(clientId: $clientId, platformUserId: $platformUserId) { id discordUserId } }',
      { clientId, platformUserId },
    ),
  );
  if (found === null) return;
  await ask(service, 'mutation ($id: ID!) { unlinkDiscordUser(input: { id: $id }) { id } }', {
    id: found.id,
  });
}

const link = async (
  service: Service,
  who: { readonly platformUserId: string; readonly discordUserId: string },
) =>
  ask(
    service,
    'mutation ($input: LinkDiscordUserInput!) { linkDiscordUser(input: $input) { warnings } }',
    {
      input: {
        clientId,
        platformUserId: who.platformUserId,
        discordUserId: who.discordUserId,
      },
    },
  );

const written = () => told.map(({ value }) => value?.toString() ?? '').filter((line) => line);

const LinkEvent = z.object({
  type: z.string(),
  data: z.object({
    platformUserId: z.string().optional(),
    discordUserId: z.string().optional(),
  }),
});

const isTold = (change: 'linked' | 'unlinked', { platformUserId, discordUserId }: Person) =>
  written()
    .map((line) => LinkEvent.parse(JSON.parse(line)))
    .some(
      ({ type, data }) =>
        type === `discord.user.${change}.v1` &&
        data.platformUserId === platformUserId &&
        data.discordUserId === discordUserId,
    );

/** Runs the runbook's script on the content of the topic. */
async function relink(service: Service, since: Date): Promise<string> {
  const child = spawn('bash', ['ops/relink.sh'], {
    env: {
      ...process.env,
      API: `${service.address}/graphql`,
      KEY: world.apiKey,
      SINCE: since.toISOString(),
    },
  });
  child.stdin.end(`${written().join('\n')}\n`);
  const [said, faults] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  expect({ faults, code: child.exitCode }).toEqual({ faults: '', code: 0 });
  return said;
}

/** Whether the group has no lag, as `kafka-consumer-groups --describe` shows. */
async function isThrough(groupId: string): Promise<boolean> {
  const admin = plainClient(testBroker().brokers).admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  const [read] = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  return ends.every(({ partition, high }) => {
    const at = read?.partitions.find((each) => each.partition === partition);
    return high === '0' || at?.offset === high;
  });
}

const SweepAnswer = z.object({
  sweep: z.object({
    state: z.string(),
    drifted: z.number(),
    plan: z
      .object({
        members: z.array(
          z.object({
            discordUserId: z.string(),
            add: z.array(z.unknown()),
            remove: z.array(z.unknown()),
          }),
        ),
      })
      .nullable(),
  }),
});

const Started = z.object({
  startSweep: z.object({ sweep: z.object({ id: z.string() }) }),
});

/**
 * Only one sweep of a kind runs at a time, and a scheduled one may be running: retries until it has
 * ended.
 */
async function startSweep(service: Service, dryRun: boolean): Promise<string> {
  let started: string | null = null;
  await eventually(async () => {
    const answer = await ask(
      service,
      'mutation ($input: StartSweepInput!) { startSweep(input: $input) { sweep { id } } }',
      { input: { clientId, kind: 'VERIFY_GROUPS', dryRun } },
    ).catch((error: unknown) => {
      if (String(error).includes('is already running')) return null;
      throw error;
    });
    started = answer === null ? null : Started.parse(answer).startSweep.sweep.id;
    return started !== null;
  });
  return started ?? '';
}

async function sweep(service: Service, dryRun: boolean) {
  const id = await startSweep(service, dryRun);
  let answer: z.output<typeof SweepAnswer> | undefined;
  await eventually(async () => {
    answer = SweepAnswer.parse(
      await ask(
        service,
        'query ($id: ID!) { sweep(id: $id) { state drifted plan { members { discordUserId add { id } remove { id } } } } }',
        { id },
      ),
    );
    return !['WAITING', 'RUNNING'].includes(answer.sweep.state);
  });
  if (answer === undefined) throw new Error('the sweep was never seen');
  return answer.sweep;
}

describe.skipIf(!canRun())('a lost database', () => {
  test('is restored by the runbook from a backup made under load, and no person regains a role removed since', async ({
    annotate,
  }) => {
    // Before the backup: links, roles for some people, and roles still being added while the backup
    // runs.
    const live = await start('live');
    clientId = await onlyClient(live);
    const newcomer = person(9);
    const passing = person(10);
    await unlink(live, newcomer.platformUserId);
    await unlink(live, passing.platformUserId);
    await say('added', 0, 1, 2, 3, 4, ...STANDING);
    await areHolders(0, 1, 2, 3, 4);
    const backedUpAt = new Date();
    world.proxy.slowDown(400);
    await say('added', 5, 6, 7);
    await eventually(() => writes().length > 5 + STANDING.length);
    const backup = await takeBackup(world.databaseUrl);
    cleanup.add(() => backup.forget());
    await annotate(`the backup was made by ${backup.by}`);
    world.proxy.slowDown(0);
    await areHolders(0, 1, 2, 3, 4, 5, 6, 7);

    // After the backup: roles removed, roles removed and re-granted, and links ended, created,
    // created and ended, and moved to another account.
    await say('removed', 0, 1, 5);
    await say('added', 1, 8, 9, 10);
    await unlink(live, person(2).platformUserId);
    await link(live, newcomer);
    await link(live, passing);
    await areHolders(1, 3, 4, 6, 7, 8, 9, 10);
    await unlink(live, passing.platformUserId);
    await link(live, { ...person(3), discordUserId: OTHER_ACCOUNT });
    await areHolders(1, 4, 6, 7, 8, 9);
    const moved = { ...person(3), discordUserId: OTHER_ACCOUNT };
    await eventually(
      () =>
        isTold('unlinked', person(2)) &&
        isTold('linked', moved) &&
        isTold('unlinked', person(3)) &&
        isTold('linked', newcomer) &&
        isTold('unlinked', passing),
      { what: 'the topic tells of all links' },
    );

    // The database is lost, and the platform continues meanwhile.
    await live.kill();
    await say('removed', 4);
    await say('added', 11);
    world.proxy.forget();
    const restored = await backup.restore();
    cleanup.add(() => restored.drop());
    const env = {
      DATABASE_URL: restored.url,
      KAFKA_GROUP_ID: `${OLD_GROUP}-2`,
    };

    const replaying = await start('replaying', {
      ...env,
      PARTS: 'events,api',
    });
    await eventually(() => isThrough(env.KAFKA_GROUP_ID));
    const changes = await relink(replaying, backedUpAt);
    const looking = await start('looking', { ...env, PARTS: 'sweeps' });
    const { plan } = await sweep(replaying, true);

    await annotate(`the book's script did ${changes.replaceAll('\n', ' ')}`);
    expect(changes).not.toContain('already linked');
    const planned = (what: 'add' | 'remove') =>
      plan?.members
        .filter((member) => member[what].length > 0)
        .map(({ discordUserId }) => discordUserId);
    expect(planned('add')).toEqual([person(11).discordUserId]);
    expect(planned('remove')).toEqual([person(4).discordUserId]);
    expect(writes()).toEqual([]);

    await replaying.stop();
    await looking.stop();
    const whole = await start('whole', env);
    await areHolders(1, 6, 7, 8, 9, 11);
    // People who kept their role satisfy the wait above before their jobs have run.
    await eventually(
      async () =>
        (await queryOnce(restored.url, 'select from reconcile_job where not is_parked')).length ===
        0,
      { what: 'nothing waits for the path' },
    );
    const { state, drifted } = await sweep(whole, false);

    expect(givenTo(0, 2, 3, 4, 5, 10)).toEqual([]);
    expect({ state, drifted }).toEqual({ state: 'DONE', drifted: 0 });
    expect(rolesOfOtherAccount()).toContain(person(3).pilotRoleId);
    expect(holders()).toEqual([1, 6, 7, 8, 9, 11, ...STANDING]);
    expect(await whole.stop()).toMatchObject({ code: 0 });
  });
});

/** The account of a guild member that was never linked before. */
const OTHER_ACCOUNT = `41${DEMO.accounts.dave.slice(2)}`;

const rolesOfOtherAccount = () => world.discord.member(person(3).guildId, OTHER_ACCOUNT)?.roleIds;

async function onlyClient(service: Service): Promise<string> {
  const { discordClients } = z
    .object({ discordClients: z.array(z.object({ id: z.string() })) })
    .parse(await ask(service, '{ discordClients { id } }'));
  return discordClients[0]?.id ?? '';
}

import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createCleanup } from '../broker/events-setting.js';
import { eventually } from '../support/eventually.js';
import { freePort, runService, startService, type Service } from '../support/service.js';
import { createSharedWorld, type SharedWorld } from '../support/shared-world.js';
import { createDoorTo } from '../support/tcp-door.js';

const API_KEY = `site:discord:admin:${'ab'.repeat(32)}`;

let world: SharedWorld;
const cleanup = createCleanup();

beforeEach(async () => {
  world = await createSharedWorld({ guilds: 1, peoplePerGuild: 24 });
  cleanup.add(() => world.end());
});
afterEach(async () => cleanup.run());

/** Settings of production. */
async function production(databaseUrl: string) {
  return {
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    ENCRYPTION_KEYS: `first:${randomBytes(32).toString('base64')}`,
    API_KEYS: API_KEY,
    PORT: String(await freePort()),
  };
}

const lines = (service: Service, message: string) =>
  service
    .said()
    .split('\n')
    .filter((line) => line.includes(message));

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

/** The reason why the part is not ready. */
async function reasonOf(service: Service, name: string) {
  const { parts } = await service.readiness();
  return parts.find((part) => part.name === name)?.reason;
}

async function everybodyIsPilot(service: Service): Promise<void> {
  await service.api(
    'mutation($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { verdict } } }',
    {
      input: {
        changes: world.people.map(({ platformUserId }) => {
          return { platformUserId, groupId: 'pilots', change: 'ADDED' };
        }),
      },
    },
    world.apiKey,
  );
}

const writes = () => world.proxy.seen().filter((call) => call.method !== 'GET');

function timesWritten(): ReadonlySet<number> {
  const times = new Map<string, number>();
  for (const { method, path } of writes())
    times.set(`${method} ${path}`, (times.get(`${method} ${path}`) ?? 0) + 1);
  return new Set(times.values());
}

describe('a start', () => {
  test('waits for an unreachable database, answers health checks meanwhile, and logs that once', async () => {
    const { door, url } = await createDoorTo(world.databaseUrl);
    cleanup.add(() => door.shut());
    await door.shut();
    const env = await production(url);

    const service = await startService({ env, until: 'live' });
    cleanup.add(service.kill);
    await eventually(() => service.said().includes('waiting to start'));

    expect(await statusOf(`${service.address}/health/ready`)).toBe(503);
    expect(await reasonOf(service, 'connector')).toBe('database unreachable');
    const asked = await fetch(`${service.address}/graphql`, { method: 'POST' });
    expect(asked.status).toBe(503);
    expect(asked.headers.get('retry-after')).toBe('1');

    await door.open();
    await eventually(async () => (await statusOf(`${service.address}/health/ready`)) === 200);
    expect(lines(service, 'waiting to start')).toHaveLength(1);
    expect(await service.stop()).toMatchObject({ code: 0 });
  });

  test('that is waiting stops cleanly on a signal', async () => {
    const { door, url } = await createDoorTo(world.databaseUrl);
    await door.shut();

    const service = await startService({
      env: await production(url),
      until: 'live',
    });
    cleanup.add(service.kill);
    const { code, said } = await service.stop();

    expect(code).toBe(0);
    expect(said).toContain('"msg":"stopped"');
  });

  test('fails with the name of the setting if waiting cannot help', async () => {
    const missing = new URL(world.databaseUrl);
    missing.pathname = '/no_such_database';
    const refused = new URL(world.databaseUrl);
    refused.username = 'nobody_known';
    refused.password = 'hunter2';

    const [first, second] = await Promise.all([
      runService({ env: await production(missing.toString()) }),
      runService({ env: await production(refused.toString()) }),
    ]);

    expect([first.code, second.code]).toEqual([1, 1]);
    expect(first.said).toContain(
      'DATABASE_URL: PostgreSQL reports: database "no_such_database" does not exist',
    );
    expect(second.said).toMatch(/DATABASE_URL: PostgreSQL reports: .*nobody_known/);
    expect(second.said).not.toContain('hunter2');
  });
});

describe('a database that goes down and comes back', () => {
  test('is reported to callers as an outage, and work resumes by itself', async () => {
    const { door, url } = await createDoorTo(world.databaseUrl);
    cleanup.add(() => door.shut());
    const service = await world.startProcess('one', { DATABASE_URL: url });
    await everybodyIsPilot(service);
    await eventually(() => world.people.every(world.holdsPilot));

    await door.shut();
    await eventually(async () => (await statusOf(`${service.address}/health/ready`)) === 503);
    const whileAway = await service
      .api('{ discordClients { id name } }', {}, world.apiKey)
      .catch(String);
    const change = await everybodyIsPilot(service).catch(String);
    const person = world.people[0]!;
    world.discord.moderator.takeRole({
      ...person,
      roleId: person.pilotRoleId,
    });
    await door.open();

    expect(whileAway).toContain('UNAVAILABLE');
    expect(change).toContain('UNAVAILABLE');
    await eventually(async () => (await statusOf(`${service.address}/health/ready`)) === 200);
    const link = await world.store.read.findLinkByPlatformUser(
      (await world.store.clients.listClients())[0]!.id,
      person.platformUserId,
    );
    await service.api(
      'mutation($input: ReconcileDiscordUserInput!) { reconcileDiscordUser(input: $input) { discordUser { state } } }',
      { input: { id: link?.id } },
      world.apiKey,
    );
    await eventually(() => world.people.every(world.holdsPilot));
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});

describe('a shutdown', () => {
  test('under load is reported at once, finishes running work, and leaves the rest to the next process', async () => {
    const service = await world.startProcess('one');
    world.proxy.slowDown(400);
    await everybodyIsPilot(service);
    await eventually(() => writes().length > 2);

    service.signal('SIGTERM');
    await eventually(async () => (await reasonOf(service, 'connector')) !== undefined, {
      what: 'it says that it is stopping while it answers',
    });
    expect(await reasonOf(service, 'connector')).toBe('the connector is stopping');
    expect(await statusOf(`${service.address}/health/live`)).toBe(200);
    const { code } = await service.ended();
    const left = world.people.filter((person) => !world.holdsPilot(person));

    expect(code).toBe(0);
    expect(writes().every((call) => call.status === 204)).toBe(true);
    expect(left.length).toBeGreaterThan(0);

    await world.startProcess('two');
    await eventually(() => world.people.every(world.holdsPilot));
    expect(writes()).toHaveLength(world.people.length);
    expect(timesWritten()).toEqual(new Set([1]));
  });

  test('ends immediately on a second signal', async () => {
    const service = await world.startProcess('one');
    world.proxy.slowDown(60_000);
    await everybodyIsPilot(service);
    await eventually(() => world.proxy.seen().length > 0);

    service.signal('SIGTERM');
    const again = setInterval(() => service.signal('SIGTERM'), 100);
    const { code, said } = await service.ended();
    clearInterval(again);

    expect(code).toBe(143);
    expect(said).toContain('exited immediately on a second signal');
  });

  test('that cannot finish ends after ten seconds, and names what has not stopped', async () => {
    const { door, url } = await createDoorTo(world.databaseUrl);
    cleanup.add(() => door.shut());
    const service = await world.startProcess('one', { DATABASE_URL: url });

    door.hold();
    service.signal('SIGTERM');
    const { code, said } = await service.ended();

    expect(code).toBe(1);
    expect(said).toMatch(/"unfinished":\[[^\]]*"store".*exited before shutdown finished/);
  });
});

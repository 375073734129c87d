import { randomBytes } from 'node:crypto';

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { runCommand } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import type { Service } from '../support/service.js';
import { createSharedWorld, type Person, type SharedWorld } from '../support/shared-world.js';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const FRESH = key('fresh');
const PEOPLE_PER_GUILD = 20;
/** Half of the people of one guild, and half of both guilds. */
const OF_ONE = PEOPLE_PER_GUILD / 2;
const OF_BOTH = PEOPLE_PER_GUILD;

let world: SharedWorld;
let database: pg.Client;
let sequence = 0;

beforeAll(async () => {
  world = await createSharedWorld({
    guilds: 2,
    peoplePerGuild: PEOPLE_PER_GUILD,
  });
  database = new pg.Client({ connectionString: world.databaseUrl });
  await database.connect();
});

afterAll(async () => {
  await database.end();
  await world.end();
});

const Clients = z.object({
  discordClients: z.array(
    z.object({
      id: z.string(),
      guildId: z.string(),
      health: z.object({
        checks: z.array(
          z.object({
            name: z.string(),
            result: z.string(),
            message: z.string(),
            remedy: z.string().nullable(),
          }),
        ),
      }),
    }),
  ),
});

async function clients(service: Service) {
  const { discordClients } = Clients.parse(
    await service.api(
      '{ discordClients { id guildId health { checks { name result message remedy } } } }',
      {},
      world.apiKey,
    ),
  );
  return discordClients;
}

/** Every other person of each guild, starting with the first or the second. */
const people = (place: 0 | 1) => world.people.filter((_, index) => index % 2 === place);

/** Sends changes to the API of the given process. */
async function say(service: Service, change: 'ADDED' | 'REMOVED', these: readonly Person[]) {
  sequence += 1;
  const changes = these.map(({ platformUserId }) => ({
    platformUserId,
    groupId: 'pilots',
    change,
    sequence,
  }));
  await service.api(
    'mutation ($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { error { code } } } }',
    { input: { changes } },
    world.apiKey,
  );
}

/** Sends one more fact with an idempotency key, whose response is stored encrypted. */
async function logOnce(service: Service, platformUserId: string) {
  sequence += 1;
  const change = { platformUserId, groupId: 'pilots', change: 'ADDED' };
  const response = await fetch(`${service.address}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${world.apiKey}`,
      'idempotency-key': `told-${sequence}`,
    },
    body: JSON.stringify({
      query:
        'mutation ($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { verdict error { code } } } }',
      variables: { input: { changes: [{ ...change, sequence }] } },
    }),
  });
  const answer = await response.text();
  if (answer.includes('rror":{') || answer.includes('"errors"')) throw new Error(answer);
}

/** Sends facts to each running process in turn, until `end` is called. */
function startLoad(place: 0 | 1, up: readonly Service[]) {
  const told = new Set<number>();
  const ending = new AbortController();
  const run = async () => {
    for (let at = 0; !ending.signal.aborted; at += 1) {
      const service = up[at % up.length];
      const person = people(place)[at % OF_BOTH];
      if (!service || !person) throw new Error('nobody is there');
      await logOnce(service, person.platformUserId);
      told.add(at);
    }
  };
  const running = run();
  running.catch(() => undefined); // `end` rethrows the error
  return {
    told: () => told.size,
    async end() {
      ending.abort();
      await running;
    },
  };
}

/** Stops a process and starts its replacement while the others receive requests. */
async function replace(
  up: Service[],
  service: Service,
  follower: { readonly name: string; readonly env: Record<string, string> },
) {
  up.splice(up.indexOf(service), 1);
  await service.stop();
  up.push(await world.startProcess(follower.name, follower.env));
}

const holders = (place: 0 | 1) => people(place).filter(world.holdsPilot).length;

const giveToken = async (service: Service, id: string, botToken: string) =>
  service.api(
    'mutation ($input: UpdateDiscordClientInput!) { updateDiscordClient(input: $input) { client { id } } }',
    { input: { id, botToken } },
    world.apiKey,
  );

const command = async (name: string, encryptionKeys: string) =>
  runCommand([name], {
    DATABASE_URL: world.databaseUrl,
    ENCRYPTION_KEYS: encryptionKeys,
    API_KEYS: `tests:discord:admin:${'0'.repeat(64)}`,
  });

describe('encryption keys', () => {
  test('are rotated by the runbook while two processes handle facts, and the old key is no longer needed', async () => {
    const { encryptionKeys: old } = world;
    const both = { ENCRYPTION_KEYS: `${old},${FRESH}` };
    const ahead = { ENCRYPTION_KEYS: `${FRESH},${old}` };
    const up = [await world.startProcess('one', both), await world.startProcess('two', both)];
    const load = startLoad(0, up);
    await eventually(() => holders(0) > 2);
    for (const [at, service] of [...up].entries())
      await replace(up, service, { name: `ahead-${at}`, env: ahead });
    const before = load.told();

    const rotation = await command('reencrypt', ahead.ENCRYPTION_KEYS);
    await eventually(() => load.told() > before);
    await load.end();
    await eventually(() => holders(0) === OF_BOTH);
    const [one, two] = up;
    if (!one || !two) throw new Error('two processes are needed');
    // Some people stay: the guard would hold removals that empty a role.
    const leaving = people(0).filter((_, at) => at % 2 === 0);
    await say(two, 'REMOVED', leaving);
    await eventually(() => holders(0) === OF_ONE);
    await one.stop();
    await two.stop();
    const alone = await world.startProcess('alone', {
      ENCRYPTION_KEYS: FRESH,
    });
    await say(alone, 'ADDED', leaving);

    await eventually(() => holders(0) === OF_BOTH);
    expect(rotation).toMatchObject({ code: 0 });
    expect(rotation.said).toContain('everything is encrypted with the first key');
    expect(rotation.said).toContain('"table":"client"');
    expect(await checksOf(alone, 'FAILED')).not.toContain('stored bot token');
    await alone.stop();
  });

  test('that are lost stop their clients visibly, and a new token restarts a client', async () => {
    const service = await world.startProcess('stranger', {
      ENCRYPTION_KEYS: key('other'),
    });
    const [first, second] = await clients(service);
    if (!first || !second) throw new Error('two clients are needed');
    await say(service, 'ADDED', people(1));

    const rotation = await command('reencrypt', key('other'));
    const check = await service.api(
      'mutation ($input: CheckDiscordClientInput!) { checkDiscordClient(input: $input) { checks { name result remedy } } }',
      { input: { id: first.id } },
      world.apiKey,
    );
    await giveToken(service, first.id, tokenOf(first));
    await eventually(() => holders(1) === OF_ONE);

    expect((await service.readiness()).status).toBe('ready');
    for (const { id } of [first, second]) {
      expect(service.said()).toContain(id);
      expect(rotation.said).toContain(id);
    }
    expect(service.said()).toContain('"keyId":"fresh"');
    expect(rotation.code).toBe(1);
    expect(rotation.said).toContain('"keyId":"fresh"');
    expect(check).toMatchObject({
      checkDiscordClient: {
        checks: [
          {
            name: 'bot token',
            result: 'FAILED',
            remedy: expect.stringContaining('updateDiscordClient'),
          },
          { name: 'live' },
        ],
      },
    });
    expect(second.health.checks).toContainEqual({
      name: 'stored bot token',
      result: 'FAILED',
      message: expect.stringContaining('"fresh"'),
      remedy: expect.stringContaining('botToken'),
    });
    // The second client's jobs wait without a failed attempt.
    const { rows } = await database.query(
      'select is_parked, attempts from reconcile_job where client_id = $1',
      [second.id],
    );
    expect(rows).toEqual(
      Array.from({ length: OF_ONE }, () => ({
        is_parked: false,
        attempts: 0,
      })),
    );
    await giveToken(service, second.id, tokenOf(second));
    await eventually(() => holders(1) === OF_BOTH);
    await service.stop();
  });
});

const tokenOf = ({ guildId }: { readonly guildId: string }) =>
  world.secretsOf(Number(guildId.charAt(1))).botToken;

async function checksOf(service: Service, result: string) {
  const all = (await clients(service)).flatMap(({ health }) => health.checks);
  return all.filter((each) => each.result === result).map(({ name }) => name);
}

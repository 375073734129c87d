import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { cause, clientInput } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import type { Service } from '../support/service.js';
import { createSharedWorld, type Person, type SharedWorld } from '../support/shared-world.js';

const PEOPLE_PER_GUILD = 60;

/**
 * Before the new token is known, Discord refuses each call in progress once: those of the four runs
 * of the process that holds the bot, and any other call. No process retries with a dead token.
 */
const REFUSALS_AT_MOST = 8;

let world: SharedWorld;
let one: Service;
let two: Service;
let sequence = 0;

beforeAll(async () => {
  world = await createSharedWorld({
    guilds: 2,
    peoplePerGuild: PEOPLE_PER_GUILD,
  });
  const { origin } = world.proxy;
  // Set before a process checks the clients, because its findings are shown until its next check.
  for (const { id, applicationId } of await world.store.clients.listClients()) {
    const redirectUris = ['one', 'two'].map(
      (name) => `https://${name}.example.org/discord/sso/callback`,
    );
    world.discord.moderator.editApplication({ applicationId, redirectUris });
    await world.store.clients.updateClient(
      id,
      {
        endpoints: {
          ...clientInput().endpoints,
          apiBase: `${origin}/api/v10`,
          tokenUrl: `${origin}/api/oauth2/token`,
          revokeUrl: `${origin}/api/oauth2/token/revoke`,
        },
      },
      cause,
    );
  }
  one = await world.startProcess('one');
  two = await world.startProcess('two');
});

afterAll(async () => world.end());

const Clients = z.object({
  discordClients: z.array(
    z.object({
      id: z.string(),
      guildId: z.string(),
      applicationId: z.string(),
      health: z.object({
        checks: z.array(
          z.object({
            name: z.string(),
            result: z.string(),
            message: z.string(),
          }),
        ),
      }),
    }),
  ),
});

async function clients(service: Service) {
  const answer = await service.api(
    '{ discordClients { id guildId applicationId health { checks { name result message } } } }',
    {},
    world.apiKey,
  );
  return Clients.parse(answer).discordClients;
}

async function clientOf(guild: 1 | 2, service: Service = one) {
  const all = await clients(service);
  const found = all.find(({ guildId }) => guildId.charAt(1) === String(guild));
  if (found === undefined) throw new Error(`no client of guild ${guild}`);
  return found;
}

const isStopped = async (guild: 1 | 2, service: Service) =>
  (await clientOf(guild, service)).health.checks.some(({ message }) =>
    message.startsWith('Stopped since'),
  );

const faultsSeenBy = async (service: Service) =>
  (await clients(service)).flatMap(({ health }) =>
    health.checks.filter(({ result }) => result === 'FAILED'),
  );

/** The failed checks of the client when this process runs the doctor. */
async function doctorsFaults(service: Service, id: string) {
  const answer = await service.api(
    'mutation ($input: CheckDiscordClientInput!) { checkDiscordClient(input: $input) { checks { name result } } }',
    { input: { id } },
    world.apiKey,
  );
  return z
    .object({
      checkDiscordClient: z.object({
        checks: z.array(z.object({ name: z.string(), result: z.string() })),
      }),
    })
    .parse(answer)
    .checkDiscordClient.checks.filter(({ result }) => result === 'FAILED');
}

const give = async (
  service: Service,
  id: string,
  secrets: { readonly botToken?: string; readonly clientSecret?: string },
) =>
  service.api(
    'mutation ($input: UpdateDiscordClientInput!) { updateDiscordClient(input: $input) { client { id } } }',
    { input: { id, ...secrets } },
    world.apiKey,
  );

/** Adds people to the group one at a time, alternating between the two processes. */
async function pour(people: readonly Person[]): Promise<void> {
  for (const [at, { platformUserId }] of people.entries()) {
    sequence += 1;
    const change = { platformUserId, groupId: 'pilots', change: 'ADDED' };
    await (at % 2 === 0 ? one : two).api(
      'mutation ($input: RecordMembershipChangesInput!) { recordMembershipChanges(input: $input) { results { error { code } } } }',
      { input: { changes: [{ ...change, sequence }] } },
      world.apiKey,
    );
  }
}

/** The people of one round, alternating between the guilds. */
const half = (which: 0 | 1) =>
  world.people
    .filter((person) => placeOf(person) % 2 === which)
    .toSorted((a, b) => placeOf(a) - placeOf(b));

const placeOf = ({ discordUserId }: Person) => Number(discordUserId.slice(-4));

const ofGuild = (guild: 1 | 2, people: readonly Person[]) =>
  people.filter(({ guildId }) => guildId.charAt(1) === String(guild));

const holders = (people: readonly Person[]) => people.filter(world.holdsPilot).length;

/** Resets the token as in Discord's developer portal: the old one is rejected from now on. */
function reset(applicationId: string) {
  const botToken = `reset-${randomBytes(20).toString('hex')}`;
  world.discord.moderator.editApplication({ applicationId, botToken });
  return { botToken };
}

const refusals = () => world.proxy.seen().filter(({ status }) => status === 401);

/** How often each role was added successfully, by path. */
function timesGiven() {
  const times = new Map<string, number>();
  for (const { method, path, status } of world.proxy.seen())
    if (method === 'PUT' && status < 300) times.set(path, (times.get(path) ?? 0) + 1);
  return times;
}

const takings = () => world.proxy.seen().filter(({ method }) => method === 'DELETE');

describe('a bot token that is reset while two processes work', () => {
  test('and replaced at once loses no role, even with calls in progress under the old token', async ({
    annotate,
  }) => {
    const people = half(0);
    const { id, applicationId } = await clientOf(1);
    world.proxy.forget();
    world.proxy.slowDown(100);

    const pouring = pour(people);
    await eventually(() => holders(ofGuild(1, people)) > 3);
    await give(two, id, reset(applicationId));
    const heldByThen = holders(ofGuild(1, people));
    await pouring;
    await eventually(() => holders(people) === people.length);

    world.proxy.slowDown(0);
    await annotate(`${refusals().length} calls were refused`);
    expect(heldByThen).toBeLessThan(ofGuild(1, people).length);
    expect(refusals().length).toBeLessThanOrEqual(REFUSALS_AT_MOST);
    expect(new Set(timesGiven().values())).toEqual(new Set([1]));
    expect(takings()).toEqual([]);
    for (const service of [one, two]) {
      expect(await faultsSeenBy(service)).toEqual([]);
      expect(await doctorsFaults(service, id)).toEqual([]);
    }
  });

  test('stops only its client, as both processes show, until the new token is entered with a new secret and all waiting work is done', async ({
    annotate,
  }) => {
    const people = half(1);
    const { id, applicationId } = await clientOf(2);
    const [others, concerned] = [ofGuild(1, people), ofGuild(2, people)];
    world.proxy.forget();

    const pouring = pour(people);
    await eventually(() => holders(concerned) > 3);
    const fresh = reset(applicationId);
    for (const service of [one, two]) await eventually(() => isStopped(2, service));
    await pouring;
    await eventually(() => holders(others) === others.length);
    const waited = people.length - holders(people);
    const clientSecret = `reset-${randomBytes(20).toString('hex')}`;
    world.discord.moderator.editApplication({ applicationId, clientSecret });
    const wrong = give(one, id, { clientSecret: 'the-old-secret' });
    await expect(wrong).rejects.toThrow('Discord rejected the client secret');
    await give(one, id, { ...fresh, clientSecret });
    await eventually(() => holders(people) === people.length);

    await annotate(`${waited} waited, ${refusals().length} were refused`);
    expect(waited).toBeGreaterThan(0);
    expect(refusals().length).toBeLessThanOrEqual(REFUSALS_AT_MOST);
    expect(new Set(timesGiven().values())).toEqual(new Set([1]));
    expect(takings()).toEqual([]);
    expect(holders(half(0))).toBe(half(0).length);
    for (const service of [one, two]) {
      expect(await faultsSeenBy(service)).toEqual([]);
      expect(await doctorsFaults(service, id)).toEqual([]);
    }
  });
});

import { createHash, randomBytes } from 'node:crypto';

import { createSandboxDiscord, type SandboxWorld } from 'sandbox-discord';

import { createKeyRing } from '../../services/lib/encryption.js';
import { DEMO, demoWorld } from '../../services/demo/demo-world.js';
import { clientInput, createMappedClient, link } from '../builders/store-world.js';
import { createTestDatabase } from './database.js';
import { startObservingProxy } from './observing-proxy.js';
import { startOnFreePort, type Service } from './service.js';
import { openTestStore } from './store.js';

const ENCRYPTION_KEY = randomBytes(32);
const API_KEY = randomBytes(24).toString('base64url');

export interface Person {
  readonly platformUserId: string;
  readonly guildId: string;
  readonly discordUserId: string;
  readonly pilotRoleId: string;
}

/**
 * Several guilds, each with a bot and people of its own, on one database: what several processes of
 * the connector share.
 */
export async function createSharedWorld(options: {
  readonly guilds: number;
  readonly peoplePerGuild: number;
}) {
  const ends: (() => Promise<unknown>)[] = [];
  const numbers = Array.from({ length: options.guilds }, (_, at) => at + 1);
  const discord = createSandboxDiscord({
    world: worldOf(numbers, options.peoplePerGuild),
    limits: null,
  });
  const { apiBase } = await discord.start();
  ends.push(() => discord.stop());
  const proxy = await startObservingProxy(new URL(apiBase).origin);
  ends.push(() => proxy.stop());
  const database = await createTestDatabase();
  ends.push(() => database.drop());
  const keys = createKeyRing([{ id: 'shared', key: ENCRYPTION_KEY }]);
  const store = await openTestStore(database.url, { keys });
  ends.push(() => store.stop());
  await store.migrate();

  const people: Person[] = [];
  for (const number of numbers) {
    const pilotRoleId = idIn(number, DEMO.roles.pilot);
    const guildId = idIn(number, DEMO.guildId);
    const { client } = await createMappedClient(
      store,
      [{ groupId: 'pilots', roleId: pilotRoleId }],
      {
        guildId,
        applicationId: idIn(number, DEMO.applicationId),
        ...secretsOf(number),
        removalGuard: { minimum: options.peoplePerGuild, percent: 100 },
        endpoints: {
          ...clientInput().endpoints,
          apiBase: apiBase.replace(new URL(apiBase).origin, proxy.origin),
        },
      },
    );
    for (let at = 0; at < options.peoplePerGuild; at += 1) {
      const discordUserId = accountOf(number, at);
      const platformUserId = `person-${number}-${at}`;
      await link(store, client.id, platformUserId, discordUserId);
      people.push({ platformUserId, guildId, discordUserId, pilotRoleId });
    }
  }

  return {
    store,
    discord,
    proxy,
    people,
    databaseUrl: database.url,
    /**
     * A process of the connector; its calls carry `https://NAME.example.org` in their User-Agent.
     */
    async startProcess(name: string, env: Readonly<Record<string, string>> = {}): Promise<Service> {
      const hash = createHash('sha256').update(API_KEY).digest('hex');
      const service = await startOnFreePort({
        env: {
          PUBLIC_URL: `https://${name}.example.org`,
          DATABASE_URL: database.url,
          ENCRYPTION_KEYS: `shared:${ENCRYPTION_KEY.toString('base64')}`,
          API_KEYS: `tests:discord:admin:${hash}`,
          RECONCILE_WINDOW_MS: '0',
          LOG_LEVEL: 'warn',
          ...env,
        },
      });
      ends.push(() => service.kill());
      return service;
    },
    apiKey: API_KEY,
    /** What a process is given as ENCRYPTION_KEYS, unless its `env` says otherwise. */
    encryptionKeys: `shared:${ENCRYPTION_KEY.toString('base64')}`,
    secretsOf,
    holdsPilot: (person: Person) =>
      discord.member(person.guildId, person.discordUserId)?.roleIds.includes(person.pilotRoleId) ??
      false,
    async end() {
      for (const end of ends.toReversed()) await end();
    },
  };
}

export type SharedWorld = Awaited<ReturnType<typeof createSharedWorld>>;

/** The demo's guild with its application, once for each number, under ids of their own. */
function worldOf(numbers: readonly number[], peoplePerGuild: number): SandboxWorld {
  const worlds = numbers.map((number) => {
    const text = JSON.stringify(demoWorld(secretsOf(number)));
    const world: SandboxWorld = JSON.parse(
      text.replaceAll(/[1-9]0{14}\d{3}/g, (id) => idIn(number, id)),
    );
    const accounts = Array.from({ length: peoplePerGuild }, (_, at) => accountOf(number, at));
    return {
      applications: world.applications,
      users: [
        ...world.users,
        ...accounts.map((discordUserId) => ({
          discordUserId,
          username: `person${discordUserId.slice(-6)}`,
        })),
      ],
      guilds: world.guilds.map((guild) => ({
        ...guild,
        members: [
          ...guild.members,
          ...accounts.map((discordUserId) => ({ discordUserId, roleIds: [] })),
        ],
      })),
    };
  });
  return {
    applications: worlds.flatMap((world) => world.applications),
    users: worlds.flatMap((world) => world.users),
    guilds: worlds.flatMap((world) => world.guilds),
  };
}

function idIn(number: number, id: string): string {
  return `${id.slice(0, 1)}${number}${id.slice(2)}`;
}

function accountOf(number: number, at: number): string {
  return String(7_000_000_000_000_000_00n + BigInt(number * 10_000 + at));
}

function secretsOf(number: number) {
  return {
    botToken: `bot-token-${number}`,
    clientSecret: `client-secret-${number}`,
  };
}

import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEchoingDiscord, type EchoingDiscord } from '../support/echoing-discord.js';
import { eventually } from '../support/eventually.js';
import { freePort, startService, type Service } from '../support/service.js';
import { startTraceCollector, type TraceCollector } from '../support/trace-collector.js';

/**
 * Secrets arrive in settings, headers, variables, addresses and responses, and every operation that
 * can fail does fail while it uses them. None may appear in the output: the log at its most verbose
 * level, metrics, traces and answers.
 */
const PLANTED = {
  databasePassword: `dbpass-${randomBytes(12).toString('hex')}`,
  kafkaPassword: `kafkapass-${randomBytes(12).toString('hex')}`,
  encryptionKey: randomBytes(32).toString('base64'),
  apiKey: `dc_${randomBytes(32).toString('base64url')}`,
  wrongKey: `dc_${randomBytes(32).toString('base64url')}`,
  jwt: `eyJhbGciOiJSUzI1NiJ9.${randomBytes(30).toString('base64url')}.${randomBytes(30).toString('base64url')}`,
  botToken: `MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.${randomBytes(28).toString('base64url')}`,
  clientSecret: randomBytes(24).toString('base64url'),
  otherBotToken: `MTIzNDU2Nzg5MDEyMzQ1Njc5.Gabcde.${randomBytes(28).toString('base64url')}`,
  code: randomBytes(15).toString('hex'),
  forgedState: randomBytes(32).toString('base64url'),
};
const APPLICATION = '900000000000000002';
/** The Authorization header of an application at Discord. */
const BASIC = Buffer.from(`${APPLICATION}:${PLANTED.clientSecret}`).toString('base64');
/** Secrets found during the test. */
const found: string[] = [];

let database: TestDatabase;
let collector: TraceCollector;
let discord: EchoingDiscord;
let service: Service;
let dataDir: string;
const answers: string[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'secrets-'));
  database = await createTestDatabase();
  collector = await startTraceCollector();
  discord = await startEchoingDiscord();
  const url = new URL(database.url);
  url.password = PLANTED.databasePassword;
  const hash = createHash('sha256').update(PLANTED.apiKey).digest('hex');
  service = await startService({
    env: {
      SANDBOX: 'true',
      DATA_DIR: dataDir,
      DATABASE_URL: url.href,
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      KAFKA_BROKERS: `127.0.0.1:${await freePort()}`,
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'connector',
      KAFKA_SASL_PASSWORD: PLANTED.kafkaPassword,
      ENCRYPTION_KEYS: `first:${PLANTED.encryptionKey}`,
      API_KEYS: `tests:discord:admin:${hash}`,
      AUTH_JWKS_URL: `${discord.address}/jwks`,
      AUTH_ISSUER: 'https://issuer.example.org',
      AUTH_AUDIENCE: 'connector',
    },
  });
});

afterAll(async () => {
  await service.stop();
  await discord.stop();
  await collector.stop();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

/**
 * Returns the answer without storing it, for answers that contain a secret by design. `tell` stores
 * answers for the check.
 */
async function ask(
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  key: string = PLANTED.apiKey,
): Promise<string> {
  const response = await fetch(`${service.address}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.text();
}

const tell = async (...args: Parameters<typeof ask>) => void answers.push(await ask(...args));

async function open(path: string): Promise<string> {
  const response = await fetch(`${service.address}${path}`, {
    redirect: 'manual',
  });
  const text = await response.text();
  answers.push(text);
  return text;
}

const input = (secrets: Readonly<Record<string, unknown>>) => ({
  name: 'Echo',
  guildId: '900000000000000001',
  applicationId: APPLICATION,
  endpoints: {
    apiBase: `${discord.address}/api/v10`,
    authorizeUrl: `${discord.address}/oauth2/authorize`,
    tokenUrl: `${discord.address}/api/oauth2/token`,
    revokeUrl: `${discord.address}/api/oauth2/token/revoke`,
  },
  ...secrets,
});

const CREATE = `mutation($input: CreateDiscordClientInput!) { createDiscordClient(input: $input) {
  client { id health { checks { message remedy } } } warnings } }`;

describe('secrets', () => {
  beforeAll(async () => {
    const { botToken, clientSecret, otherBotToken } = PLANTED;
    await tell(CREATE, {
      input: input({ botToken: { botToken }, clientSecret }),
    });
    await tell(CREATE, {
      input: { ...input({ botToken, clientSecret }), guildId: botToken },
    });
    await tell(`{ discordClient(id: "${botToken}") { id } }`);
    await tell(`mutation { nonsense(token: "${otherBotToken}") }`);
    await tell('{ __typename }', {}, PLANTED.jwt);
    await tell('{ __typename }', {}, PLANTED.wrongKey);
    const made = Created.parse(
      JSON.parse(await ask(CREATE, { input: input({ botToken, clientSecret }) })),
    );
    const { id } = made.data.createDiscordClient.client;
    for (let times = 0; times < 6; times += 1)
      await tell(
        `mutation { checkDiscordClient(input: { id: "${id}" }) { client { health { checks { message } } } } }`,
      );
    await tell(
      `mutation { linkDiscordUser(input: { clientId: "${id}", platformUserId: "alice", discordUserId: "900000000000000003" }) { warnings } }`,
    );
    await tell(
      `mutation { startSweep(input: { clientId: "${id}", kind: VERIFY_GROUPS }) { sweep { id } } }`,
    );
    await tell(
      `mutation { updateDiscordClient(input: { id: "${id}", botToken: "${otherBotToken}", clientSecret: "${clientSecret}" }) { client { id } } }`,
    );
    await signIn(id);
    await open(`/discord/sso/callback?code=${PLANTED.code}&state=${PLANTED.forgedState}`);
    await open(`/nowhere?access_token=${PLANTED.code}`);
    await eventually(
      () => collector.raw().includes('checkDiscordClient') || collector.spans().length > 20,
      {
        what: 'traces',
      },
    );
    await eventually(() => service.said().includes('kafka'), {
      what: 'the broker is missed',
    });
  });

  async function signIn(clientId: string): Promise<void> {
    const begun = Begun.parse(
      JSON.parse(
        await ask(
          `mutation { beginDiscordLink(input: { clientId: "${clientId}", platformUserId: "bob" }) { url } }`,
        ),
      ),
    );
    const start = new URL(begun.data.beginDiscordLink.url);
    const ticket = start.searchParams.get('ticket') ?? '';
    expect(ticket.length).toBeGreaterThan(20);
    found.push(ticket);
    const page = await fetch(start);
    const token = /name="token" value="([^"]+)"/.exec(await page.text())?.[1];
    const browser = cookiesOf(page);
    const gone = await fetch(start, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        cookie: browser,
      },
      body: new URLSearchParams({ token: token ?? '' }),
    });
    const state = new URL(gone.headers.get('location') ?? 'x:y').searchParams.get('state') ?? '';
    const cookies = `${browser}; ${cookiesOf(gone)}`;
    expect(state.length).toBeGreaterThan(20);
    found.push(state);
    const back = await fetch(
      `${service.address}/discord/sso/callback?code=${PLANTED.code}&state=${state}`,
      {
        redirect: 'manual',
        headers: { cookie: cookies },
      },
    );
    answers.push(await back.text());
  }

  test('are in use: Discord receives them', () => {
    const heard = discord.heard();
    const verifier = /code_verifier=([\w-]+)/.exec(heard)?.[1] ?? '';

    for (const secret of [PLANTED.botToken, PLANTED.code, BASIC]) expect(heard).toContain(secret);
    expect(verifier.length).toBeGreaterThan(20);
    found.push(verifier, BASIC);
  });

  const secretsByName = () =>
    [...Object.entries(PLANTED), ...found.map((secret, at) => [`found ${at}`, secret])] as const;

  test('appear in no log line at the most verbose level', () => {
    const log = service
      .said()
      .split('\n')
      .filter((line) => line.startsWith('{'));

    expect(log.filter((line) => line.includes('discord call')).length).toBeGreaterThan(3);
    expect(namesIn(log.join('\n'))).toEqual([]);
  });

  test('appear in no metric and no trace', async () => {
    const metrics = await (await fetch(`${service.address}/metrics`)).text();

    expect(collector.spans().length).toBeGreaterThan(10);
    expect(namesIn(metrics)).toEqual([]);
    expect(namesIn(collector.raw())).toEqual([]);
  });

  test('appear in no response, except a link address created for its caller', () => {
    expect(answers.length).toBeGreaterThan(10);
    expect(namesIn(answers.join('\n'))).toEqual([]);
  });

  const namesIn = (text: string) =>
    secretsByName()
      .filter(
        ([, secret = '']) => text.includes(secret) || text.includes(encodeURIComponent(secret)),
      )
      .map(([name]) => name);
});

const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .join('; ');

const Created = z.object({
  data: z.object({
    createDiscordClient: z.object({ client: z.object({ id: z.string() }) }),
  }),
});

const Begun = z.object({
  data: z.object({ beginDiscordLink: z.object({ url: z.string() }) }),
});

import { createHash } from 'node:crypto';

import type { SandboxDiscord } from 'sandbox-discord';

import { DEMO } from '../../../services/demo/demo-world.js';
import { createApiCaller, type ApiCaller } from './api.js';
import type { Cluster } from '../cluster.js';
import type { CrewPlan } from '../crew.js';
import { openWorldBroker, type WorldBroker } from '../kafka.js';
import type { makeSecrets, Output, Planted } from './secrets.js';
import { createSignIn } from './sign-in.js';
import { startServiceCrew, type ServiceCrew } from './crew.js';
import { uniqueName } from '../../support/broker.js';
import type { Doors } from '../doors.js';
import { serviceDoors } from './doors.js';

/** What a world has beside the path where the whole service plays it. */
export interface ServiceStage {
  readonly crew: ServiceCrew;
  readonly database: Cluster;
  /** Null: there is none in this run, and the service waits for one for ever. */
  readonly broker: WorldBroker | null;
  readonly api: ApiCaller;
  readonly doors: Doors;
  /** What was on the pages that people see. */
  readonly pages: readonly Output[];
  readonly planted: readonly Planted[];
}

type Query = (text: string) => Promise<readonly unknown[]>;

/** The outbox forgets what it has sent; this table does not. */
export const TOLD = 'chaos_told';

const KEEP_TOLD = `
  create table ${TOLD} as table outbox with no data;
  create function chaos_tell() returns trigger language plpgsql as
    'begin insert into ${TOLD} select new.*; return null; end';
  create trigger chaos_tell after insert on outbox for each row execute function chaos_tell()`;

export async function startService(
  ground: { readonly cluster: Cluster; readonly brokers: string | null },
  plan: CrewPlan,
  its: {
    /** By which the processes reach the database. */
    readonly databaseUrl: string;
    readonly planted: ReturnType<typeof makeSecrets>;
    readonly query: Query;
    readonly discord: SandboxDiscord;
    readonly wish: Pick<
      Parameters<typeof serviceDoors>[0],
      'clientId' | 'applyFacts' | 'goesByTime'
    >;
  },
): Promise<ServiceStage> {
  const { cluster: database, brokers } = ground;
  const { query, wish, discord } = its;
  const planted = [...plantedOf(its.planted, database)];
  const pages: Output[] = [];
  await query(KEEP_TOLD);
  const broker = brokers === null ? null : await openWorldBroker(brokers, uniqueName('chaos'));
  await broker?.garble();
  const crew = await startServiceCrew(plan, {
    ...settingsOf(its.databaseUrl, its.planted),
    ...(broker?.settings ?? NO_BROKER),
  });
  const { apiKey } = its.planted;
  const { addresses } = crew;
  const signIn = createSignIn({ discord, addresses, planted, pages });
  const isInGuild = (discordUserId: string) =>
    discord.member(DEMO.guildId, discordUserId) !== undefined;
  const by = { ...wish, query, signIn, isInGuild };
  const api = createApiCaller({ addresses, apiKey });
  return {
    crew,
    database,
    broker,
    api,
    doors: serviceDoors({ ...by, api, broker }),
    pages,
    planted,
  };
}

/** Nobody ever listens there. */
const NO_BROKER = { KAFKA_BROKERS: '127.0.0.1:1' };

function settingsOf(
  databaseUrl: string,
  { apiKey, encryptionKey }: ReturnType<typeof makeSecrets>,
) {
  const hash = createHash('sha256').update(apiKey).digest('hex');
  return {
    NODE_ENV: 'production',
    PORT: '0',
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '8',
    ENCRYPTION_KEYS: `crash:${encryptionKey.toString('base64')}`,
    API_KEYS: `chaos:discord:admin:${hash}`,
    RATE_LIMIT_PER_MINUTE: '0',
    RECONCILE_WINDOW_MS: '0',
    LOG_LEVEL: 'trace',
  };
}

function plantedOf(its: ReturnType<typeof makeSecrets>, { password }: Cluster): readonly Planted[] {
  return [
    { name: "the bot's token", value: its.botToken },
    { name: "the client's secret", value: its.clientSecret },
    { name: 'the API key', value: its.apiKey },
    { name: 'the encryption key', value: its.encryptionKey.toString('base64') },
    { name: 'the encryption key', value: its.encryptionKey.toString('hex') },
    { name: "the database's password", value: password },
  ];
}

import { createHash, randomBytes } from 'node:crypto';

import pg from 'pg';
import { createSandboxDiscord, type SandboxDiscord, type SandboxLimits } from 'sandbox-discord';

import { createImportRoles } from '../../services/connector/api-ports.js';
import { reconcilePath, PATH_TIMING, revocationsOf } from '../../services/connector/path.js';
import { createDiscordRest } from '../../services/discord/rest-api.js';
import { createInvalidBudget } from '../../services/discord/limits/invalid-budget.js';
import { type DiscordOAuth, createDiscordOAuth } from '../../services/discord/oauth/oauth.js';
import { silentLogger } from '../../services/lib/logger.js';
import { DEMO } from '../../services/demo/demo-world.js';
import type { Store } from '../../services/store/store.js';
import { cause, type clientInput, createMappedClient } from '../builders/store-world.js';
import { patienceMs } from './eventually.js';
import { withFaultPoints, type FaultPoint } from './fault-points.js';
import { SECRETS } from './rig.js';
import { CALLBACK, OTHER_GUILD, signInWorld } from './sign-in-world.js';
import { openTestStore } from './store.js';
import type { DiscordAccount } from '../../services/api/sign-in/ports.js';

const { applicationId, guildId, roles } = DEMO;
export const SCOPES = ['identify', 'guilds.join'];

export interface Person {
  readonly clientId: string;
  readonly platformUserId: string;
  readonly discordUserId: string;
}

/**
 * The path, signing in and revoking on real parts; every call of a port passes a point at which a
 * test may act.
 */
export interface SignInRig {
  readonly store: Store;
  readonly discord: SandboxDiscord;
  readonly oauth: DiscordOAuth;
  /** Of the demo's guild, with its three groups mapped. */
  readonly clientId: string;
  /**
   * Another client of the same application, with a guild of its own where the group "pilots" has a
   * role.
   */
  readonly otherClientId: string;
  readonly query: (sql: string) => Promise<readonly Record<string, unknown>[]>;
  /** What is done when the path comes by, each time until it is replaced. */
  readonly at: (point: FaultPoint, act: () => Promise<unknown>) => void;
  /** What `importDiscordRoles` does. */
  readonly importRoles: () => Promise<unknown>;
  readonly stopRevoking: () => Promise<void>;
  readonly startRevoking: (store?: Store) => Promise<void>;
  /** Another process on the same database. */
  readonly openStore: () => Promise<Store>;
  readonly stop: () => Promise<void>;
}

export async function startSignInRig(
  databaseUrl: string,
  limits: Partial<SandboxLimits> | null = null,
): Promise<SignInRig> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const discord = createSandboxDiscord({ world: signInWorld(), limits });
  const { apiBase, url } = await discord.start();
  cleanups.push(() => discord.stop());
  const stores: Store[] = [];
  cleanups.push(() => Promise.all(stores.map((opened) => opened.stop())));
  const openStore = async () => {
    const opened = await openTestStore(databaseUrl);
    stores.push(opened);
    return opened;
  };
  const store = await openStore();
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  cleanups.push(() => db.end());

  const acts = new Map<FaultPoint, () => Promise<unknown>>();
  const pass = async (point: FaultPoint) => void (await acts.get(point)?.());
  const { gateway, oauth } = farSide(store, pass);
  cleanups.push(() => gateway.stop());
  const endpoints = {
    apiBase,
    authorizeUrl: `${url}/oauth2/authorize`,
    tokenUrl: `${apiBase}/oauth2/token`,
    revokeUrl: `${apiBase}/oauth2/token/revoke`,
  };
  const clients = await createClients(store, endpoints);

  let revoking: { stop(): Promise<void> }[] = [];
  const rig: SignInRig = {
    store,
    discord,
    oauth,
    ...clients,
    query: async (text) => (await db.query<Record<string, unknown>>(text)).rows,
    importRoles: () => createImportRoles({ store, gateway })(clients.clientId),
    at: (point, act) => void acts.set(point, act),
    async startRevoking(from = store) {
      const part = revocationsOf(silentLogger, { store: from, oauth });
      await part.start();
      revoking.push(part);
    },
    async stopRevoking() {
      await Promise.all(revoking.map((part) => part.stop()));
      revoking = [];
    },
    openStore,
    async stop() {
      for (const cleanup of cleanups.toReversed()) await cleanup();
    },
  };
  cleanups.push(() => rig.stopRevoking());
  const path = reconcilePath(
    silentLogger,
    { store: withPoints(store, pass), gateway, oauth },
    { ...PATH_TIMING, retry: { baseMs: 10, maxMs: 50 } },
  );
  await path.start();
  cleanups.push(() => path.stop());
  await rig.startRevoking();
  return rig;
}

type Pass = (point: FaultPoint) => Promise<void>;

function farSide(store: Store, pass: Pass) {
  const budget = createInvalidBudget({ clock: Date.now, logger: silentLogger });
  const gateway = createDiscordRest({
    credentials: store.readCredentials,
    budget,
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
    timeoutMs: PATH_TIMING.callMs,
    globalRequestsPerSecond: 10_000,
  });
  const oauth = createDiscordOAuth({
    clock: Date.now,
    budget,
    userAgent: 'DiscordBot (http://127.0.0.1, 0.0.0)',
    // Tests call it directly, without retries: it must not time out because the machine is busy.
    timeoutMs: patienceMs(),
  });
  return {
    gateway: {
      ...withFaultPoints('discord', gateway, pass),
      writeOutlook: gateway.writeOutlook,
      onPause: gateway.onPause.bind(gateway),
    },
    oauth: withFaultPoints('oauth', oauth, pass),
  };
}

function withPoints(store: Store, pass: Pass): Store {
  const { signIn } = store;
  return {
    ...store,
    memory: withFaultPoints('memory', store.memory, pass),
    signIn: {
      ...signIn,
      grants: withFaultPoints('grants', signIn.grants, pass),
    },
  };
}

async function createClients(store: Store, endpoints: ReturnType<typeof clientInput>['endpoints']) {
  const input = { applicationId, ...SECRETS, endpoints };
  const { client } = await createMappedClient(
    store,
    [
      { groupId: 'pilots', roleId: roles.pilot },
      { groupId: 'directors', roleId: roles.director },
      { groupId: 'recruits', roleId: roles.recruit },
    ],
    { ...input, guildId },
  );
  const other = await createMappedClient(
    store,
    [{ groupId: 'pilots', roleId: OTHER_GUILD.pilot }],
    { ...input, name: 'Other community', guildId: OTHER_GUILD.guildId },
  );
  return { clientId: client.id, otherClientId: other.client.id };
}

/** What the pages do between the person's coming and their being linked, without pages. */
export async function signIn(rig: SignInRig, person: Person) {
  const { grantId, account } = await grantOf(rig, person);
  const linked = await rig.store.signIn.links.linkSignedIn({
    ...person,
    grantId,
    account,
    cause,
  });
  return { grantId, ...linked };
}

/** Up to the moment at which the grant is kept, and nobody is linked yet. */
export async function grantOf(
  { store, discord, oauth }: SignInRig,
  { clientId, platformUserId, discordUserId }: Person,
): Promise<{ readonly grantId: string; readonly account: DiscordAccount }> {
  const { tickets, grants, findSignInClient } = store.signIn;
  const [ticketHash, browserHash, stateHash, codeVerifier] = [
    secret(),
    secret(),
    secret(),
    secret(),
  ];
  await tickets.openTicket({
    ticketHash,
    clientId,
    platformUserId,
    email: null,
    returnTo: null,
    expiresAt: new Date(Date.now() + 600_000),
  });
  await tickets.bindTicket(ticketHash, {
    browserHash,
    stateHash,
    codeVerifier,
  });
  const code = discord.oauth.authorize({
    discordUserId,
    applicationId,
    scopes: SCOPES,
    redirectUri: CALLBACK,
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
  });
  const consent = await tickets.takeState(stateHash, 'sign-in');
  if (consent === null) throw new Error('the state is not known');
  const { application } = await findSignInClient(clientId);
  await tickets.spendTicket(ticketHash, 'sign-in');
  const grant = await oauth.exchangeCode(application, {
    code,
    redirectUri: CALLBACK,
    codeVerifier: consent.codeVerifier,
  });
  const grantId = await grants.keepGrant(clientId, grant, ticketHash);
  const account = await oauth.readAccount(application, grant.accessToken);
  return { grantId, account };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

import { afterEach, beforeEach } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause } from '../builders/store-world.js';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import type { FaultPoint } from './fault-points.js';
import { grantOf, signIn, startSignInRig, type Person, type SignInRig } from './sign-in-rig.js';
import { createMigratedDatabase } from './store.js';

type Name = keyof typeof DEMO.accounts;
type Patch = Parameters<SignInRig['store']['clients']['updateClient']>[1];

/**
 * A rig for each test, in which people sign in without a browser, and the queries that sign-in
 * tests share.
 */
export function useSignIn(limits: Parameters<typeof startSignInRig>[1] = null) {
  let database: TestDatabase;
  let rig: SignInRig;
  let release: () => void = () => undefined;

  beforeEach(async () => {
    database = await createMigratedDatabase();
    rig = await startSignInRig(database.url, limits);
    rig.discord.calls.reset();
  });

  afterEach(async () => {
    release();
    await rig.stop();
    await database.drop();
  });

  const personOf = (name: Name, given: Partial<Person> = {}): Person => ({
    clientId: rig.clientId,
    platformUserId: name,
    discordUserId: DEMO.accounts[name],
    ...given,
  });

  return {
    rig: () => rig,
    url: () => database.url,
    /** Blocks the path at this point until the test ends. */
    hold(point: FaultPoint): void {
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      rig.at(point, () => promise);
    },
    personOf,
    /** Signs in, and waits until the path has finished. */
    async signIn(name: Name, given: Partial<Person> = {}): Promise<string> {
      const { linkId } = await signIn(rig, personOf(name, given));
      await quiet(rig);
      return linkId;
    },
    /** Signs in, and leaves before the link is created. */
    grantOf: (name: Name, given: Partial<Person> = {}) => grantOf(rig, personOf(name, given)),
    quiet: () => quiet(rig),
    /** Waits until no revocation is left. */
    revoked: () =>
      eventually(async () => (await rig.query('select from revocation')).length === 0, {
        what: 'nothing is left to be revoked',
      }),
    async reconcile(linkId: string): Promise<void> {
      const request = { id: linkId, cause, waitMs: 5_000 };
      await rig.store.links.reconcileMember(request);
    },
    linkOf: async (name: string, clientId = rig.clientId) =>
      rig.store.read.findLinkByPlatformUser(clientId, name),
    /** The account's live tokens for the demo's application, with kind and text. */
    liveTokens: (name: Name) =>
      rig.discord.oauth.liveTokens({ discordUserId: DEMO.accounts[name] }),
    update: (patch: Patch, clientId = rig.clientId) =>
      rig.store.clients.updateClient(clientId, patch, cause),
    keepTokens: (keepsTokens: boolean, clientId = rig.clientId) =>
      rig.store.clients.updateClient(clientId, { linking: { email: 'NONE', keepsTokens } }, cause),
    /** Moves the first answer that an account is not in the guild one minute back. */
    async passMinuteOfAbsence(): Promise<void> {
      await eventually(
        async () =>
          (
            await rig.query(
              'select from member join reconcile_job using (client_id, discord_user_id) where absent_since is not null and is_parked',
            )
          ).length > 0,
        { what: 'a member is seen to be absent' },
      );
      await rig.query("update member set absent_since = absent_since - interval '1 minute'");
      await rig.query('update reconcile_job set due_at = now(), is_parked = false');
      await rig.query("select pg_notify('reconcile_job', '')");
    },
    /** Makes all waiting revocations due. */
    revocationsFallDue: () => rig.query('update revocation set due_at = clock_timestamp()'),
    /** Calls of bots and applications, oldest first: `PUT /guilds/… 201`. */
    calls: () =>
      rig.discord.calls.recent().map(({ method, route, status }) => `${method} ${route} ${status}`),
    rolesOf: (name: Name, guildId: string = DEMO.guildId) =>
      rig.discord.member(guildId, DEMO.accounts[name])?.roleIds,
    /** Audit records, newest first. */
    async records(clientId = rig.clientId) {
      const page = { limit: 100, after: null };
      return (await rig.store.read.pageAuditRecords({ clientId }, page)).rows;
    },
    told: async () => rig.query('select type, data from outbox order by position'),
  };
}

/** A member who waits for screening has no work for the path. */
async function quiet(rig: SignInRig) {
  await eventually(
    async () => (await rig.query('select from reconcile_job where not is_parked')).length === 0,
    { what: 'nothing waits for the path' },
  );
}

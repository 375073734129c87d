import { DEMO } from '../../services/demo/demo-world.js';
import { cause, snapshotOf } from '../../test/builders/store-world.js';
import { signIn, startSignInRig, type SignInRig } from '../../test/support/sign-in-rig.js';
import type { Row } from './bench.js';
import { costOf } from './call-costs.js';
import { openSql } from './open-sql.js';

type Name = keyof typeof DEMO.accounts;

/**
 * What a person costs who links by signing in at Discord: code, profile, joining, what is missing,
 * revocation.
 */
export async function signInRows(databaseUrl: string): Promise<readonly Row[]> {
  const rig = await startSignInRig(databaseUrl);
  const sql = await openSql(databaseUrl);
  const { store, discord, clientId } = rig;
  const cost = (what: string, name: Name) => costOf(rig, sql, what, () => link(rig, name));
  try {
    for (const name of ['erin', 'carol', 'dave'])
      await store.applyFacts([snapshotOf(name, ['pilots', 'recruits'])]);
    const joins = await cost('a person links, joins, two groups', 'erin');
    const isIn = await cost('a person links, is a member, two groups', 'carol');
    const linking = { email: 'NONE', keepsTokens: true } as const;
    await store.clients.updateClient(clientId, { linking }, cause);
    const discordUserId = DEMO.accounts.dave;
    discord.moderator.leave({ guildId: DEMO.guildId, discordUserId });
    const kept = await cost('a person links, joins, tokens kept', 'dave');
    return [joins, isIn, kept];
  } finally {
    await sql.end();
    await rig.stop();
  }
}

async function link(rig: SignInRig, name: Name): Promise<unknown> {
  const discordUserId = DEMO.accounts[name];
  const person = { clientId: rig.clientId, platformUserId: name };
  return signIn(rig, { ...person, discordUserId });
}

import pg from 'pg';
import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, nextOrder } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { useSignIn } from '../../support/sign-in-fixture.js';

const { accounts, applicationId } = DEMO;
const REVOKE = '/oauth2/token/revoke';
const guild = useSignIn();

const revocations = () => guild.rig().discord.calls.count({ method: 'POST', route: REVOKE });

describe('a grant is revoked', () => {
  test('right after the join if tokens are not kept', async () => {
    await guild.signIn('erin');
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
    expect(guild.rolesOf('erin')).toEqual([]);
    expect(await guild.rig().query('select from discord_grant')).toEqual([]);
    expect(revocations()).toBe(1);
  });

  test('after checking a person who was already in the guild', async () => {
    await guild.signIn('carol');
    await guild.revoked();

    expect(guild.liveTokens('carol')).toEqual([]);
  });

  test.each<{ what: string; act: (linkId: string) => Promise<unknown> }>([
    {
      what: 'the person is unlinked',
      act: (id) => guild.rig().store.links.unlinkMember({ id, cause }),
    },
    {
      what: 'another account takes its place',
      act: () =>
        guild.rig().store.links.linkMember({
          ...guild.personOf('erin', { discordUserId: accounts.dave }),
          cause,
        }),
    },
    {
      what: 'the platform deletes the person',
      act: () =>
        guild.rig().store.applyFacts([
          {
            kind: 'userDeleted',
            platformUserId: 'erin',
            order: nextOrder(),
            cause,
          },
        ]),
    },
    {
      what: 'the client is deleted at once',
      act: () => deleteClient('LEAVE'),
    },
    {
      what: 'the client is deleted when its roles are taken back',
      act: () => deleteClient('TAKE_BACK'),
    },
    {
      what: 'tokens are no longer to be kept',
      act: () => guild.keepTokens(false),
    },
  ])('when $what', async ({ act }) => {
    await guild.keepTokens(true);
    const linkId = await guild.signIn('erin');
    expect(guild.liveTokens('erin')).toHaveLength(2);

    await act(linkId);
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
    expect(await guild.rig().query('select from discord_grant')).toEqual([]);
  });

  test('even if its access token expired long ago', async () => {
    const { store, discord } = guild.rig();
    await guild.keepTokens(true);
    const id = await guild.signIn('erin');
    discord.oauth.expireAccessTokens({
      applicationId,
      discordUserId: accounts.erin,
    });
    // Discord deletes expired tokens.
    await guild.signIn('dave');

    await store.links.unlinkMember({ id, cause });
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('after two minutes without a link', async () => {
    await guild.grantOf('erin');
    expect(
      await guild.rig().query(
        `select extract(epoch from due_at - clock_timestamp()) between 110 and 120 as is_in_two_minutes
           from revocation`,
      ),
    ).toEqual([{ is_in_two_minutes: true }]);

    await guild.revocationsFallDue();
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('at once when it is discarded', async () => {
    const { grantId } = await guild.grantOf('erin');

    await guild.rig().store.signIn.grants.discardGrant(grantId);
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
  });
});

const deleteClient = (holders: 'LEAVE' | 'TAKE_BACK') =>
  guild.rig().store.clients.deleteClient({
    id: guild.rig().clientId,
    holders,
    dryRun: false,
    cause,
  });

describe('two clients of one application', () => {
  const signInTwice = async () => {
    const { otherClientId, store } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    await guild.keepTokens(true);
    await guild.keepTokens(true, otherClientId);
    const here = await guild.signIn('erin');
    const there = await guild.signIn('erin', { clientId: otherClientId });
    return { here, there };
  };

  test('share a person’s grant, which is revoked when the last of them releases it', async () => {
    const { store } = guild.rig();
    const { here, there } = await signInTwice();

    await store.links.unlinkMember({ id: here, cause });
    await guild.revoked();

    expect(guild.liveTokens('erin').length).toBeGreaterThan(0);
    expect(revocations()).toBe(0);

    await store.links.unlinkMember({ id: there, cause });
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('share a grant that stays if one of them is deleted', async () => {
    await signInTwice();

    await deleteClient('LEAVE');
    await guild.revoked();

    expect(guild.liveTokens('erin').length).toBeGreaterThan(0);
  });

  test('share a grant that stays if a sign-in at one of them is never linked', async () => {
    await guild.keepTokens(true);
    await guild.signIn('erin');
    await guild.grantOf('erin', { clientId: guild.rig().otherClientId });

    await guild.revocationsFallDue();
    await guild.revoked();

    expect(guild.liveTokens('erin').length).toBeGreaterThan(0);
  });

  test('do not share a grant with another person', async () => {
    await guild.keepTokens(true);
    await guild.signIn('erin');
    await guild.grantOf('dave');

    await guild.revocationsFallDue();
    await guild.revoked();

    expect(guild.liveTokens('dave')).toEqual([]);
    expect(guild.liveTokens('erin')).toHaveLength(2);
  });
});

describe('a revocation that fails for now', () => {
  const waiting = () => guild.rig().query('select attempts from revocation order by id');

  test.each([
    { what: 'Discord is away', effect: { kind: 'status', status: 503 } },
    { what: 'no answer comes', effect: { kind: 'drop', moment: 'before' } },
    {
      what: 'Discord asked to wait',
      effect: { kind: 'sharedLimit', retryAfterMs: 100 },
    },
    {
      what: 'the secret is refused',
      effect: { kind: 'status', status: 401 },
    },
  ] as const)('because $what is retried later', async ({ effect }) => {
    const { discord } = guild.rig();
    discord.faults.plant({ route: REVOKE, effect });

    await guild.signIn('erin');
    await eventually(() => discord.faults.list().length === 0);
    await eventually(async () => (await waiting())[0]?.['attempts'] === 1);
    expect(guild.liveTokens('erin')).toHaveLength(2);
    await eventually(async () => {
      await guild.revocationsFallDue();
      return (await waiting()).length === 0;
    });

    await guild.revoked();
    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('waits for the right secret while others continue', async () => {
    const { otherClientId, query } = guild.rig();
    await guild.grantOf('erin');
    await query(`update revocation set client_secret = 'broken'`);
    await query(`update client set client_secret = 'broken' where id = '${guild.rig().clientId}'`);
    await guild.grantOf('dave', { clientId: otherClientId });

    await guild.revocationsFallDue();
    await eventually(() => guild.liveTokens('dave').length === 0);

    expect(guild.liveTokens('erin')).toHaveLength(2);
    // Discord revokes the tokens shortly before the row is deleted.
    await eventually(async () => (await waiting()).length === 1);
  });

  test('uses the secret that the client has received since', async () => {
    const { discord } = guild.rig();
    await guild.keepTokens(true);
    await guild.signIn('erin');
    discord.moderator.editApplication({
      applicationId,
      clientSecret: 'the next secret',
    });
    await guild.keepTokens(false);
    await eventually(async () => (await waiting())[0]?.['attempts'] === 1);

    await guild.update({ clientSecret: 'the next secret' });
    await guild.revocationsFallDue();
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
  });
});

describe('revoking processes', () => {
  test('make each call once, even if two run at the same time', async () => {
    const { stopRevoking, startRevoking, openStore } = guild.rig();
    await stopRevoking();
    for (const name of ['alice', 'bob', 'carol', 'dave', 'erin'] as const)
      await guild.grantOf(name);
    await guild.revocationsFallDue();
    guild.rig().discord.calls.reset();

    await Promise.all([startRevoking(), startRevoking(await openStore())]);
    await guild.revoked();

    expect(revocations()).toBe(5);
  });

  test('take over revocations that a dead process had claimed', async () => {
    const { stopRevoking, startRevoking, store, openStore } = guild.rig();
    await stopRevoking();
    await guild.grantOf('erin');
    await guild.revocationsFallDue();
    const dead = await openStore();

    expect(await dead.signIn.revocations.claimDue()).toHaveLength(1);
    expect(await store.signIn.revocations.claimDue()).toEqual([]);
    await guild.revocationsFallDue();
    await startRevoking();
    await guild.revoked();

    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('claim their own unfinished revocations again, which counts as one attempt', async () => {
    const { stopRevoking, store, openStore } = guild.rig();
    await stopRevoking();
    await guild.grantOf('erin');
    await guild.revocationsFallDue();
    const { revocations: own } = store.signIn;
    const { revocations: other } = (await openStore()).signIn;

    const [lost] = await own.claimDue();
    const [again] = await own.claimDue();
    await other.postpone(String(lost?.id));

    expect(again).toMatchObject({ id: lost?.id, attempts: 1 });
    expect(await other.claimDue()).toEqual([]);
    await own.postpone(String(lost?.id));
    expect(await own.claimDue()).toEqual([]);
    await guild.revocationsFallDue();
    expect(await other.claimDue()).toMatchObject([{ attempts: 2 }]);
    expect(await own.claimDue()).toEqual([]);
  });

  test('are not woken by their own claims', async () => {
    const { stopRevoking, store } = guild.rig();
    await stopRevoking();
    const heard: string[] = [];
    const listener = new pg.Client({ connectionString: guild.url() });
    await listener.connect();
    listener.on('notification', ({ payload = '' }) => heard.push(payload));
    await listener.query('listen revocation');

    await guild.grantOf('erin');
    await eventually(() => heard.length > 0);
    await guild.revocationsFallDue();
    await eventually(() => heard.length > 1);
    heard.length = 0;
    await store.signIn.revocations.claimDue();
    await store.signIn.revocations.claimDue();
    await listener.query(`select pg_notify('revocation', 'all')`);
    await eventually(() => heard.includes('all'));
    await listener.end();

    expect(heard).toEqual(['all']);
  });
});

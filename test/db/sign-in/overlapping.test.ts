import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import type { FaultPoint } from '../../support/fault-points.js';
import { useSignIn } from '../../support/sign-in-fixture.js';

const { accounts, guildId, roles } = DEMO;
const guild = useSignIn();

const revocations = () =>
  guild.rig().query('select attempts, claimed_by from revocation order by attempts');
const calls = (route: string) => guild.rig().discord.calls.count({ method: 'POST', route });

/**
 * The person signs in, joins with the role and leaves; the grant of this first sign-in waits to be
 * revoked.
 */
async function signInAndLeave(): Promise<void> {
  const { store, discord } = guild.rig();
  await store.applyFacts([membership('erin', 'pilots')]);
  await guild.rig().stopRevoking();
  await guild.signIn('erin');
  expect(await revocations()).toEqual([{ attempts: 0, claimed_by: null }]);
  discord.moderator.leave({ guildId, discordUserId: accounts.erin });
}

/** Waits until the revocation has been tried once and postponed. */
const postponed = () =>
  eventually(
    async () =>
      (await revocations()).some(
        ({ attempts, claimed_by }) => attempts === 1 && claimed_by === null,
      ),
    { what: 'the revocation is postponed' },
  );

/** Blocks the first caller that reaches the point until `release` is called. */
function holdOnce(point: FaultPoint) {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  guild.rig().at(point, async () => {
    guild.rig().at(point, async () => undefined);
    reached.resolve();
    await released.promise;
  });
  return { reached: reached.promise, release: released.resolve };
}

describe('a person who signs in again before an earlier grant is revoked', () => {
  test('joins with the new grant even if revoking starts before it is linked', async () => {
    await signInAndLeave();
    const { grantId, account } = await guild.grantOf('erin');

    await guild.rig().startRevoking();
    await postponed();
    await guild.rig().store.signIn.links.linkSignedIn({
      ...guild.personOf('erin'),
      grantId,
      account,
      cause,
    });
    await guild.quiet();

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    await guild.revocationsFallDue();
    await guild.rig().query("select pg_notify('revocation', '')");
    await guild.revoked();
    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('joins with the new grant even if revoking starts before it is stored', async () => {
    await signInAndLeave();
    const exchange = holdOnce('oauth.exchangeCode:after');
    const second = guild.signIn('erin');
    await exchange.reached;

    await guild.rig().startRevoking();
    await postponed();
    exchange.release();
    await second;

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
  });

  test('joins with the new grant even if revoking starts while they are still at Discord', async () => {
    await signInAndLeave();
    const code = holdOnce('oauth.exchangeCode:before');
    const second = guild.signIn('erin');
    await code.reached;
    // Resets the ticket to its state before the callback.
    await guild
      .rig()
      .query(
        'update link_ticket set spent_at = null, state_hash = ticket_hash where attempt is not null',
      );

    await guild.rig().startRevoking();
    await postponed();
    code.release();
    await second;

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
  });

  test('exchanges the code only after a running revocation has ended', async () => {
    await signInAndLeave();
    const revoking = holdOnce('oauth.revoke:before');
    await guild.rig().startRevoking();
    await revoking.reached;
    const before = calls('/oauth2/token');

    const second = guild.signIn('erin');
    await eventually(
      async () =>
        (await guild.rig().query('select from link_ticket where state_hash is not null')).length ===
        1,
      { what: 'the second ticket is bound' },
    );
    expect(calls('/oauth2/token')).toBe(before);
    revoking.release();
    await second;

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
  });
});

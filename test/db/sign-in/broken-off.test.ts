import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership, snapshotOf } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { signIn } from '../../support/sign-in-rig.js';
import { byName } from '../../support/sign-in-world.js';

const { accounts, applicationId, roles } = DEMO;
const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const guild = useSignIn();

const joinsOf = (calls: readonly string[]) =>
  calls.filter((call) => call.startsWith(`PUT ${MEMBER} `));

describe('an interrupted join', () => {
  test('after Discord had added the person is not repeated, and its record reports the result', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    discord.faults.plant({
      method: 'PUT',
      route: MEMBER,
      effect: { kind: 'drop', moment: 'after' },
    });

    await guild.signIn('erin');
    await guild.revoked();

    expect(joinsOf(guild.calls())).toHaveLength(1);
    expect(await guild.records()).toMatchObject([
      {
        outcome: 'APPLIED',
        added: [roles.pilot],
        closedAt: expect.any(Date),
      },
    ]);
    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test.each(['drop', 'silence'] as const)(
    'before Discord acted (%s) is repeated under the same record',
    async (kind) => {
      const { store, discord } = guild.rig();
      await store.applyFacts([membership('erin', 'pilots')]);
      discord.faults.plant({
        method: 'PUT',
        route: MEMBER,
        effect: { kind, moment: 'before' },
      });

      await guild.signIn('erin');

      expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
      expect(await guild.records()).toMatchObject([{ outcome: 'APPLIED', added: [roles.pilot] }]);
    },
  );

  test('that hit a rate limit is repeated after the wait', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    discord.faults.plant({
      method: 'PUT',
      route: MEMBER,
      effect: { kind: 'sharedLimit', retryAfterMs: 200 },
    });

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.records()).toHaveLength(1);
  });

  test('whose groups change before the next run closes its record and opens another', async () => {
    const { store, discord, at } = guild.rig();
    await guild.update({ screening: 'IGNORE' });
    await store.applyFacts([membership('erin', 'pilots')]);
    let hasFailed = false;
    at('discord.joinMember:after', async () => {
      if (hasFailed) return;
      hasFailed = true;
      await store.applyFacts([snapshotOf('erin', ['recruits'])]);
      throw new Error('the process stumbles');
    });

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.recruit]);
    expect(await guild.records()).toMatchObject([
      { added: [roles.recruit], removed: [roles.pilot] },
      {
        // Nothing was read before the join, and its response is lost: the roles count as ensured.
        added: [],
        ensured: { added: [roles.pilot], removed: [] },
        removed: [],
        reason: 'the plan changed during the run',
      },
    ]);
    expect(discord.calls.count({ method: 'PUT', route: MEMBER })).toBe(1);
  });

  test('during an earlier interrupted run records each added role once', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([membership('dave', 'pilots')]);
    await store.links.linkMember({
      ...guild.personOf('dave'),
      cause: { kind: 'MUTATION', id: 'link', actor: 'tests' },
    });
    await eventually(() => guild.rolesOf('dave')?.length === 1);
    await guild.quiet();
    discord.faults.plant({
      method: 'PUT',
      times: null,
      effect: { kind: 'drop', moment: 'after' },
    });
    await store.applyFacts([membership('dave', 'recruits')]);
    await eventually(() => guild.rolesOf('dave')?.length === 2);
    await signIn(guild.rig(), guild.personOf('dave'));
    await store.applyFacts([membership('dave', 'directors')]);
    discord.faults.clear();
    await guild.quiet();

    const added = (await guild.records()).flatMap((record) => record.added);
    expect(added.toSorted()).toEqual([roles.recruit, roles.pilot, roles.director].toSorted());
  });
});

describe('a person who signs in again while the previous run continues', () => {
  test('joins with the latest grant, even if the first was refused', async () => {
    const { store, discord, at } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    let isAgain = false;
    at('discord.joinMember:before', async () => {
      if (isAgain) return;
      isAgain = true;
      discord.oauth.deauthorize({
        applicationId,
        discordUserId: accounts.erin,
      });
      await signIn(guild.rig(), guild.personOf('erin'));
    });

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.linkOf('erin')).toMatchObject({ state: 'IN_STEP' });
  });

  test('keeps the latest grant if the client keeps tokens', async () => {
    const { at } = guild.rig();
    await guild.keepTokens(true);
    let isAgain = false;
    at('discord.joinMember:after', async () => {
      if (isAgain) return;
      isAgain = true;
      await signIn(guild.rig(), guild.personOf('erin'));
    });

    const linkId = await guild.signIn('erin');
    guild.rig().discord.moderator.leave(byName('erin'));
    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([]);
    expect(guild.liveTokens('erin').length).toBeGreaterThan(0);
  });
});

import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { useNicknames } from '../../support/nickname-fixture.js';

const { accounts } = DEMO;

const names = useNicknames();

/** Alice is Jane at the platform; the platform has not sent Bob's character. */
async function twoLinked() {
  await names.person('alice', { character: 'Jane Doe', corporation: 'ACME' });
  await names.person('bob', {});
  await names.link('alice', accounts.alice);
  await names.link('bob', accounts.bob);
}

describe('a member with a missing name value', () => {
  test('keeps the nickname, and shows which value is empty', async () => {
    await names.policy('TEMPLATE', '[%corporation] %character');
    await names.person('alice', { character: 'Jane Doe' });
    await names.link('alice', accounts.alice);
    const before = names.nickOf('alice');

    await names.person('alice', { character: null, corporation: 'CO' });

    expect(names.nickOf('alice')).toBe(before);
    expect(await names.linkOf('alice')).toMatchObject({
      reason: 'the nickname is not set: the person has no %character',
    });
  });

  test('is not counted by a sweep, which shows the reason', async () => {
    await twoLinked();
    const tellBob = async () => {
      const { drifted, failed } = await names.sweep();
      return { drifted, failed, bob: (await names.linkOf('bob')).reason };
    };
    await names.policy('EVE_ONLINE');
    names.rename('alice', 'Jane Doe');

    const reason = 'the nickname is not set: the platform has not sent %character for this person';
    expect(await tellBob()).toEqual({ drifted: 0, failed: 0, bob: reason });
    expect(await tellBob()).toEqual({ drifted: 0, failed: 0, bob: reason });
    expect(await names.world.query('select 1 from audit_record where closed_at is null')).toEqual(
      [],
    );
  });
});

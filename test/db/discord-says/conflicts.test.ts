import { describe, expect, test } from 'vitest';

import type { Authority } from '../../../services/model.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import {
  cause,
  clientInput,
  guildRole,
  membership,
  nextOrder,
} from '../../builders/store-world.js';
import { usePath } from '../../support/path-fixture.js';

const { roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const path = usePath();

const store = () => path.rig().store;
const mapping = (index: number) => path.mappingIds()[index] ?? '';

const create = async (request: {
  readonly groupId: string;
  readonly roleId: string;
  readonly authority?: Authority | null;
  readonly clientId?: string;
  readonly dryRun?: boolean;
}) =>
  store().mappings.createMapping({
    clientId: path.rig().clientId,
    authority: null,
    dryRun: false,
    cause,
    ...request,
  });

const setAuthority = async (id: string, authority: Authority) =>
  store().mappings.updateMapping({ id, authority, cause });

/** A second client, whose guild has one role. */
async function anotherClient(): Promise<string> {
  const client = await store().clients.createClient(
    clientInput({ guildId: '500000000000000077', authority: 'OBSERVE' }),
  );
  await store().memory.saveRoles(client.id, {
    ownerId: null,
    roles: [guildRole('700000000000000077')],
  });
  return client.id;
}

const CONFLICT = (id: string) => ({
  code: 'CONFLICT',
  message: expect.stringContaining(id) as unknown,
});

describe('authority DISCORD', () => {
  test('allows only one group for a role', async () => {
    await setAuthority(mapping(0), 'DISCORD');

    for (const authority of ['DISCORD', 'PLATFORM', 'OBSERVE', null] as const)
      await expect(
        create({ groupId: 'directors', roleId: roles.pilot, authority }),
      ).rejects.toMatchObject(CONFLICT(mapping(0)));
  });

  test('allows only one role for a group across all clients', async () => {
    await setAuthority(mapping(0), 'DISCORD');
    const clientId = await anotherClient();

    await expect(
      create({ clientId, groupId: 'pilots', roleId: '700000000000000077' }),
    ).rejects.toMatchObject(CONFLICT(mapping(0)));
    await expect(create({ groupId: 'pilots', roleId: EVENT_HOST })).rejects.toMatchObject(
      CONFLICT(mapping(0)),
    );
  });

  test('cannot be set for a mapping or a client if the group is also mapped elsewhere', async () => {
    const clientId = await anotherClient();
    const other = await create({
      clientId,
      groupId: 'pilots',
      roleId: '700000000000000077',
    });

    await expect(setAuthority(mapping(0), 'DISCORD')).rejects.toMatchObject(
      CONFLICT(other.mapping?.id ?? ''),
    );
    await expect(
      store().clients.updateClient(clientId, { authority: 'DISCORD' }, cause),
    ).rejects.toMatchObject({
      ...CONFLICT(mapping(0)),
      field: 'input.authority',
    });
    const [client] = await store().clients.findClients([clientId]);
    expect(client?.authority).toBe('OBSERVE');
  });

  test('can be set for a client whose groups and roles are mapped one to one', async () => {
    const { clientId } = path.rig();

    await store().clients.updateClient(clientId, { authority: 'DISCORD' }, cause);

    const [mappings] = await store().read.mappingsOfClients([clientId]);
    expect(mappings?.map(({ authority }) => authority)).toEqual(['DISCORD', 'DISCORD', 'DISCORD']);
  });

  test('can be set for the group of a retired mapping, but not for its role while a member still has it', async () => {
    const { clientId } = path.rig();
    await path.link('alice');
    await store().applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    await store().clients.updateClient(clientId, { isEnabled: false }, cause);
    await store().mappings.retireMapping({
      id: mapping(0),
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });

    await store().applyFacts([
      { kind: 'groupChanged', groupId: 'crews', order: nextOrder(), cause },
    ]);

    const made = await create({
      groupId: 'pilots',
      roleId: EVENT_HOST,
      authority: 'DISCORD',
    });

    expect(made.mapping?.authority).toBe('DISCORD');
    await expect(
      create({
        groupId: 'crews',
        roleId: roles.pilot,
        authority: 'DISCORD',
      }),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(`${mapping(0)}.*retired`) as unknown,
    });
  });

  test('conflicts in a dry run too', async () => {
    await setAuthority(mapping(0), 'DISCORD');

    await expect(
      create({ groupId: 'directors', roleId: roles.pilot, dryRun: true }),
    ).rejects.toMatchObject(CONFLICT(mapping(0)));
  });

  test('is rejected for one of two mappings of a group created at the same time', async () => {
    await store().mappings.retireMapping({
      id: mapping(0),
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });
    const clientId = await anotherClient();

    const made = await Promise.allSettled([
      create({ groupId: 'pilots', roleId: roles.pilot, authority: 'DISCORD' }),
      create({
        clientId,
        groupId: 'pilots',
        roleId: '700000000000000077',
        authority: 'DISCORD',
      }),
    ]);

    expect(made.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a role', () => {
  test('can have observed mappings beside PLATFORM mappings', async () => {
    const observed = await create({
      groupId: 'directors',
      roleId: roles.pilot,
      authority: 'OBSERVE',
    });

    expect(observed.mapping?.authority).toBe('OBSERVE');
    await setAuthority(mapping(0), 'OBSERVE');
    await setAuthority(observed.mapping?.id ?? '', 'PLATFORM');
    await setAuthority(mapping(0), 'PLATFORM');
    await expect(setAuthority(mapping(0), 'DISCORD')).rejects.toMatchObject(
      CONFLICT(observed.mapping?.id ?? ''),
    );
  });

  test('with two mappings allows its client to switch to OBSERVE, but not to DISCORD', async () => {
    const { clientId } = path.rig();
    await create({ groupId: 'directors', roleId: roles.pilot });

    await store().clients.updateClient(clientId, { authority: 'OBSERVE' }, cause);
    await expect(
      store().clients.updateClient(clientId, { authority: 'DISCORD' }, cause),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('with a mapping that overrides the authority allows its client to switch to OBSERVE, but not to DISCORD', async () => {
    const { clientId } = path.rig();
    await create({
      groupId: 'directors',
      roleId: roles.pilot,
      authority: 'PLATFORM',
    });
    const update = async (authority: Authority) =>
      store().clients.updateClient(clientId, { authority }, cause);

    await update('OBSERVE');
    await expect(update('DISCORD')).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

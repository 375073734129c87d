import { expect } from 'vitest';

import { InputError } from '../../../services/lib/errors.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, snapshotOf } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { allIsDone, insist, withinMs, type LossyWorld, type Newcomer } from './world.js';

const { guildId, roles } = DEMO;

/** A person is linked, becomes a pilot and stops being one. */
export async function comeAndGo(world: LossyWorld): Promise<void> {
  // Invalidates everything cached for the client.
  await world.query('update client set updated_at = clock_timestamp()');
  const person = await join(world);
  await tell(world, person, 'added');
  expect(rolesOf(world, person)).toEqual([roles.pilot]);
  await tell(world, person, 'removed');
  expect(rolesOf(world, person)).toEqual([]);
}

/** A person who is in three groups before they are linked gets their roles by one list. */
export async function joinThree(world: LossyWorld): Promise<void> {
  const person = await join(world);
  const groups = ['pilots', 'directors', 'recruits'];
  const fact = snapshotOf(person.platformUserId, groups);
  await insist(() => world.rig.store.applyFacts([fact]));
  await allIsDone(world);
  expect(rolesOf(world, person)?.toSorted()).toEqual(
    [roles.pilot, roles.director, roles.recruit].toSorted(),
  );
}

/** The link of a pilot is ended: first the role is removed, then the link. */
export async function joinAndLeave(world: LossyWorld): Promise<void> {
  const { store } = world.rig;
  const person = await join(world);
  await tell(world, person, 'added');
  const [link] = await world.query(
    `select id from link where discord_user_id = '${person.discordUserId}'`,
  );
  const id = String(Object(link).id);

  await insist(() => store.links.unlinkMember({ id, cause })).catch(unlessOver);

  await allIsDone(world);
  expect(rolesOf(world, person)).toEqual([]);
  expect(await world.query(`select from link where id = '${id}'`)).toEqual([]);
}

/** A sweep re-grants a role that a moderator removed. */
export async function takeByHand(world: LossyWorld): Promise<void> {
  const { store, clientId, discord } = world.rig;
  const person = await join(world);
  await tell(world, person, 'added');
  const { discordUserId } = person;
  discord.moderator.takeRole({ guildId, discordUserId, roleId: roles.pilot });

  await insist(() =>
    store.sweeps.startSweep({
      clientId,
      kind: 'REMOTE_SYNC',
      dryRun: false,
      enforceStrategy: null,
      cause,
    }),
  ).catch(unlessOver);

  await eventually(
    async () =>
      (await world.query("select from sweep where state in ('WAITING', 'RUNNING')")).length === 0,
    { withinMs: withinMs(), what: 'no sweep is left' },
  );
  await allIsDone(world);
  const sweeps = await world.query('select kind, state, reason, checked, drifted from sweep');
  expect(sweeps.filter((sweep) => Object(sweep).state !== 'DONE')).toEqual([]);
  expect(rolesOf(world, person), JSON.stringify(sweeps)).toEqual([roles.pilot]);
}

/**
 * A caller links a person, and repeats the mutation with the same idempotency key until it is
 * answered.
 */
export async function linkOnce(world: LossyWorld): Promise<void> {
  const { store, clientId } = world.rig;
  const person = world.newcomer();
  const { platformUserId } = person;
  const request = {
    caller: 'site',
    keyHash: platformUserId,
    fingerprint: 'link',
  };
  let answer: string | null = null;

  await eventually(
    async () => {
      const found = await store.idempotency.claim(request).catch(() => null);
      if (found?.kind === 'ANSWERED') answer = found.answer;
      if (found?.kind === 'CLAIMED')
        try {
          await store.links.linkMember({ clientId, ...person, cause });
          await store.idempotency.keep(request, found.claim, 'linked');
        } catch {
          await store.idempotency.release(request, found.claim).catch(() => undefined);
        }
      return answer !== null;
    },
    { withinMs: withinMs(), what: 'the key has its answer' },
  );

  await allIsDone(world);
  expect(answer).toBe('linked');
}

async function join(world: LossyWorld): Promise<Newcomer> {
  const { store, clientId } = world.rig;
  const person = world.newcomer();
  await insist(() => store.links.linkMember({ clientId, ...person, cause }));
  return person;
}

async function tell(
  world: LossyWorld,
  { platformUserId }: Newcomer,
  change: 'added' | 'removed',
): Promise<void> {
  const fact = membership(platformUserId, 'pilots', change);
  await insist(() => world.rig.store.applyFacts([fact]));
  await allIsDone(world);
}

const rolesOf = ({ rig }: LossyWorld, { discordUserId }: Newcomer) =>
  rig.discord.member(guildId, discordUserId)?.roleIds;

/** The second try of an operation that was carried out is rejected. */
function unlessOver(error: unknown): void {
  if (!(error instanceof InputError)) throw error;
}

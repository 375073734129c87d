import type { PlatformFact } from '../../services/model.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import { eventually } from './eventually.js';
import type { Rig } from './rig.js';

const { guildId, roles } = DEMO;

/** People beside those of the demo guild: linked, in the guild, and pilots by an event each. */
export const CROWD = Array.from({ length: 14 }, (_, index) => ({
  platformUserId: `person-${String(index).padStart(2, '0')}`,
  discordUserId: String(500000000000000100n + BigInt(index)),
}));

export type Somebody = (typeof CROWD)[number];

export async function addCrowd(rig: Rig, crowd: readonly Somebody[] = CROWD): Promise<void> {
  for (const { platformUserId, discordUserId } of crowd) {
    rig.discord.moderator.addUser({ discordUserId, username: platformUserId });
    rig.discord.moderator.join({ guildId, discordUserId });
    await rig.store.links.linkMember({
      clientId: rig.clientId,
      platformUserId,
      discordUserId,
      cause,
    });
  }
  await say(rig, crowd, 'added');
}

/** One event each, and all that follows. */
export async function say(
  rig: Rig,
  crowd: readonly Somebody[],
  change: 'added' | 'removed',
): Promise<void> {
  const facts: readonly PlatformFact[] = crowd.map(({ platformUserId }) =>
    membership(platformUserId, 'pilots', change),
  );
  await rig.store.applyFacts(facts);
  await rig.quiet();
}

export function pilots(rig: Rig): readonly string[] {
  return rig.discord
    .guild(guildId)
    .members.filter((member) => member.roleIds.includes(roles.pilot))
    .map((member) => member.discordUserId)
    .toSorted();
}

export const accountsOf = (crowd: readonly Somebody[]) =>
  crowd.map(({ discordUserId }) => discordUserId).toSorted();

/** The plans that wait for a person. */
export async function heldSweeps(rig: Rig) {
  const { rows } = await rig.store.sweeps.pageSweeps(
    { clientId: rig.clientId, kind: null },
    { limit: 200, after: null },
  );
  return rows.filter((sweep) => sweep.state === 'HELD');
}

export async function theHeldSweep(rig: Rig) {
  const [sweep, ...others] = await heldSweeps(rig);
  if (sweep === undefined || sweep.plan === null || others.length > 0)
    throw new Error(`one held sweep was expected, with its plan`);
  return { ...sweep, plan: sweep.plan };
}

export async function decide(
  rig: Rig,
  verdict: 'APPROVED' | 'REJECTED',
  sweep: { readonly id: string; readonly plan: { readonly hash: string } },
): Promise<void> {
  const { id, plan } = sweep;
  const by = { ...cause, actor: 'an admin' };
  await rig.store.sweeps.decideSweep({
    id,
    hash: plan.hash,
    verdict,
    cause: by,
  });
  await rig.quiet();
}

export async function stateOf(rig: Rig, id: string): Promise<string> {
  const [sweep] = await rig.store.sweeps.findSweeps([id]);
  return sweep?.state ?? 'gone';
}

export async function becomes(rig: Rig, id: string, state: string): Promise<void> {
  await eventually(async () => (await stateOf(rig, id)) === state);
}

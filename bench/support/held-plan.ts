import type { SandboxDiscord } from 'sandbox-discord';

import { cause } from '../../test/builders/store-world.js';
import type { ScaledConnector } from './scaled-connector.js';
import type { SettledGuild } from './settled-guild.js';

/** Approves the one held plan by its hash, as an administrator does. */
export async function approvePlan(
  { store, clientId }: ScaledConnector,
  removals: number,
): Promise<void> {
  const { rows } = await store.sweeps.pageSweeps(
    { clientId, kind: 'CHANGES' },
    { limit: 10, after: null },
  );
  const [plan, ...others] = rows.filter(({ state }) => state === 'HELD');
  if (plan?.plan?.removals !== removals || others.length > 0)
    throw new Error(`one plan of ${removals} removals should wait, not ${plan?.plan?.removals}`);
  const { id } = plan;
  const { hash } = plan.plan;
  const by = { ...cause, actor: 'an administrator' };
  await store.sweeps.decideSweep({ id, hash, verdict: 'APPROVED', cause: by });
}

/** Members who hold the guild's first role. */
export function holdersOf(discord: SandboxDiscord, { guild }: SettledGuild): number {
  const [roleId = ''] = guild.roleIds;
  return discord.guild(guild.guildId).members.filter((member) => member.roleIds.includes(roleId))
    .length;
}

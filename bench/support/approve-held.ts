import { z } from 'zod';

import type { SoakService } from './soak-service.js';

const Sweeps = z.object({
  sweeps: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        state: z.string(),
        plan: z.object({ hash: z.string() }).nullable(),
      }),
    ),
  }),
});

/**
 * Approves held plans as an admin does: more than half of a role's holders lose it within an hour
 * only after approval.
 */
export async function approveHeld(
  service: SoakService,
  clientIds: Iterable<string>,
): Promise<void> {
  for (const clientId of clientIds) {
    const { sweeps } = Sweeps.parse(await service.ask(SWEEPS, { clientId }));
    for (const { id, state, plan } of sweeps.nodes) {
      if (state !== 'HELD' || plan === null) continue;
      // a plan that has changed since is looked at the next time
      await service.ask(APPROVE, { id, hash: plan.hash }).catch(() => undefined);
    }
  }
}

const SWEEPS = `query ($clientId: ID!) { sweeps(clientId: $clientId, first: 200) { nodes { id state plan { hash } } } }`;

const APPROVE = `mutation ($id: ID!, $hash: String!) { approveSweep(input: { id: $id, hash: $hash }) { sweep { id } } }`;

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import type { Service } from './service.js';

/**
 * What stories about a running connector look at, as its users do: the guild's page and the audit
 * records.
 */

type Name = keyof typeof DEMO.accounts;

/** An empty data folder, which the sandbox's PostgreSQL may enter whatever account it runs as. */
export async function createDataFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'discord-connector-flow-'));
  await chmod(folder, 0o755);
  return {
    path: join(folder, 'data'),
    // The server of a killed process ends a moment after it.
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10 }),
  };
}

const State = z.object({
  guild: z.object({
    members: z.array(z.object({ discordUserId: z.string(), roleIds: z.array(z.string()) })),
  }),
  calls: z.array(
    z.object({
      at: z.number(),
      method: z.string(),
      path: z.string(),
      status: z.number(),
    }),
  ),
});

export async function guildPage(service: Service): Promise<z.output<typeof State>> {
  const response = await fetch(`${service.sandboxPage}/sandbox/state`);
  return State.parse(await response.json());
}

/** Highest first, foreign ones too; undefined: not in the guild. */
export async function rolesOf(
  service: Service,
  name: Name,
): Promise<readonly string[] | undefined> {
  const { guild } = await guildPage(service);
  return guild.members.find((member) => member.discordUserId === DEMO.accounts[name])?.roleIds;
}

export async function holds(
  service: Service,
  name: Name,
  role: keyof typeof DEMO.roles,
): Promise<boolean> {
  return (await rolesOf(service, name))?.includes(DEMO.roles[role]) ?? false;
}

const RoleIds = z
  .array(z.object({ id: z.string() }))
  .transform((roles) => roles.map((role) => role.id));

const AuditRecord = z.object({
  id: z.string(),
  closedAt: z.string().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  added: RoleIds,
  removed: RoleIds,
  causes: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      actor: z.string(),
      groupId: z.string().nullable(),
    }),
  ),
});

export type AuditRecord = z.output<typeof AuditRecord>;

/** Newest first. */
export async function auditRecords(
  service: Service,
  platformUserId: string,
): Promise<readonly AuditRecord[]> {
  const answer = await service.api(
    `query ($platformUserId: ID!) {
      auditRecords(filter: { platformUserId: $platformUserId }, first: 50) {
        nodes {
          id closedAt outcome reason added { id } removed { id }
          causes { kind id actor groupId }
        }
      }
    }`,
    { platformUserId },
  );
  const { auditRecords } = z
    .object({ auditRecords: z.object({ nodes: z.array(AuditRecord) }) })
    .parse(answer);
  return auditRecords.nodes;
}

export async function recordChange(
  service: Service,
  platformUserId: string,
  groupId: string,
  change: 'ADDED' | 'REMOVED' = 'ADDED',
): Promise<unknown> {
  return service.api(
    `mutation ($input: RecordMembershipChangesInput!) {
      recordMembershipChanges(input: $input) { results { verdict } }
    }`,
    { input: { changes: [{ platformUserId, groupId, change }] } },
  );
}

/** Everybody whom the demonstration linked is in step, but Erin, who is not in the guild. */
export async function demonstrationIsDone(service: Service): Promise<boolean> {
  return (
    (await holds(service, 'alice', 'pilot')) &&
    (await holds(service, 'bob', 'director')) &&
    (await holds(service, 'carol', 'recruit'))
  );
}

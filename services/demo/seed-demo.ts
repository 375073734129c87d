import type { Cause, FactOrder, PlatformFact } from '../model.js';
import { DEMO } from './demo-world.js';

/** The functions that seeding calls; the API uses the same ones. */
export interface SeedPorts {
  createClient(): Promise<{ readonly id: string }>;
  importRoles(clientId: string): Promise<unknown>;
  applyFacts(facts: readonly PlatformFact[]): Promise<unknown>;
  createMapping(mapping: {
    clientId: string;
    groupId: string;
    roleId: string;
    cause: Cause;
  }): Promise<unknown>;
  linkMember(link: {
    clientId: string;
    platformUserId: string;
    discordUserId: string;
    cause: Cause;
  }): Promise<unknown>;
}

const cause: Cause = { kind: 'MUTATION', id: 'demo', actor: 'sandbox' };

/** Older than any fact a person could send, so that the demo's facts never override one. */
const order: FactOrder = { sequence: null, timeUs: 1 };

const GROUPS = {
  pilots: 'Pilots',
  directors: 'Directors',
  recruits: 'Recruits',
} as const;

const MAPPINGS = [
  { groupId: 'pilots', roleId: DEMO.roles.pilot },
  { groupId: 'directors', roleId: DEMO.roles.director },
  { groupId: 'recruits', roleId: DEMO.roles.recruit },
] as const;

/** Dave is in the guild but not linked: linking him is a step of the README's walkthrough. */
const MEMBERSHIPS = {
  alice: ['pilots'],
  bob: ['pilots', 'directors'],
  carol: ['recruits'],
  dave: ['recruits'],
  erin: ['pilots'],
} as const;

const LINKED = ['alice', 'bob', 'carol', 'erin'] as const;

/**
 * Creates the demonstration: a client, groups, people, mappings and links. It is not repeated:
 * after a crash in between, the next start finds the client and skips the rest.
 */
export async function seedDemo(ports: SeedPorts): Promise<void> {
  const { id: clientId } = await ports.createClient();
  await ports.importRoles(clientId);
  await ports.applyFacts(demoFacts());
  for (const mapping of MAPPINGS) await ports.createMapping({ clientId, ...mapping, cause });
  for (const name of LINKED) {
    await ports.linkMember({
      clientId,
      platformUserId: name,
      discordUserId: DEMO.accounts[name],
      cause,
    });
  }
}

function demoFacts(): readonly PlatformFact[] {
  const groups = Object.entries(GROUPS).map(([groupId, name]): PlatformFact => ({
    kind: 'groupChanged',
    groupId,
    name,
    order,
    cause,
  }));
  const people = Object.entries(MEMBERSHIPS).flatMap(([name, groupIds]): PlatformFact[] => [
    {
      kind: 'userChanged',
      platformUserId: name,
      username: name,
      order,
      cause,
    },
    {
      kind: 'membershipSnapshot',
      platformUserId: name,
      groupIds,
      order,
      cause,
    },
  ]);
  return [...groups, ...people];
}

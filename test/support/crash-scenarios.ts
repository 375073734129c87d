import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, snapshotOf } from '../builders/store-world.js';
import type { CrashWorld } from './crash-world.js';
import type { PortCall } from './fault-points.js';

const { applicationId, guildId, roles } = DEMO;
const FACTS_AND_RECORD: readonly PortCall[] = ['memory.readMember', 'memory.openRecord'];
const WORKER: readonly PortCall[] = [
  'jobs.renewLeases',
  'jobs.onMarked',
  'jobs.claim',
  'jobs.releaseLeases',
];

/**
 * A job that waits for a process which will die at it, and what there is to be seen once another
 * has done it.
 */
export interface Scenario {
  readonly name: string;
  /** Puts Carol where the job starts from; she holds a foreign role all along. */
  readonly prepare: (world: CrashWorld) => Promise<unknown>;
  /** Marks her: from now on the job waits. */
  readonly mark: (world: CrashWorld) => Promise<unknown>;
  /** Every call that an uninterrupted run makes of its ports. */
  readonly calls: readonly PortCall[];
  /** Of them the one that changes Discord. */
  readonly write: PortCall;
  readonly method: 'PUT' | 'PATCH' | 'DELETE';
  /** What Carol holds in the end. */
  readonly roleIds: readonly string[];
}

/** Who is in the guild and holds a role there that no mapping speaks of. */
export const CAROL = {
  discordUserId: DEMO.accounts.carol,
  foreignRoleId: '300000000000000002',
} as const;

/** The same whenever it is made, so that two runs of a scenario can be compared. */
const pilotAdded = membership('carol', 'pilots', 'added', {
  sequence: 1,
  timeUs: 1,
});

export const freshFact: Scenario = {
  name: 'one role by a fresh fact',
  prepare: async () => undefined,
  mark: ({ store }) => store.applyFacts([pilotAdded]),
  calls: [...WORKER, ...FACTS_AND_RECORD, 'discord.addRole', 'memory.settle'],
  write: 'discord.addRole',
  method: 'PUT',
  roleIds: [CAROL.foreignRoleId, roles.pilot],
};

export const scenarios: readonly Scenario[] = [
  freshFact,
  {
    name: 'three roles by one list',
    // One of them was out of the bot's reach when the roles were last read, so that they are read
    // again.
    prepare: ({ query }) =>
      query(`update role set refusal = 'ABOVE_BOT' where id = '${roles.pilot}'`),
    mark: ({ store }) =>
      store.applyFacts([snapshotOf('carol', ['pilots', 'directors', 'recruits'])]),
    calls: [
      ...WORKER,
      ...FACTS_AND_RECORD,
      'discord.readMember',
      'discord.readRoles',
      'memory.saveRoles',
      'discord.editMember',
      'memory.settle',
    ],
    write: 'discord.editMember',
    method: 'PATCH',
    roleIds: [CAROL.foreignRoleId, roles.recruit, roles.pilot, roles.director],
  },
  {
    name: 'the take-back at an unlink',
    async prepare(world) {
      await world.store.applyFacts([pilotAdded]);
      await world.settle();
    },
    mark: ({ store, linkId }) => store.links.unlinkMember({ id: linkId, cause }),
    calls: [
      ...WORKER,
      ...FACTS_AND_RECORD,
      'discord.readMember',
      'discord.removeRole',
      'memory.settle',
    ],
    write: 'discord.removeRole',
    method: 'DELETE',
    roleIds: [CAROL.foreignRoleId],
  },
  {
    name: 'a person is brought in',
    async prepare(world) {
      const { discordUserId } = CAROL;
      world.discord.moderator.leave({ guildId, discordUserId });
      // The call that joins her carries her roles.
      await world.query(`update client set screening = 'IGNORE'`);
      await world.store.applyFacts([pilotAdded]);
      await world.settle();
    },
    mark: signInAsCarol,
    calls: [
      ...WORKER,
      ...FACTS_AND_RECORD,
      'grants.readGrant',
      'discord.joinMember',
      'memory.settle',
    ],
    write: 'discord.joinMember',
    method: 'PUT',
    roleIds: [roles.pilot],
  },
];

/** As she comes back from Discord's consent page. */
async function signInAsCarol({ store, discord, clientId }: CrashWorld) {
  const { discordUserId } = CAROL;
  const scopes = ['identify', 'guilds.join'];
  const { grants, links } = store.signIn;
  const grant = {
    ...discord.oauth.grant({ discordUserId, applicationId, scopes }),
    scopes,
    expiresAt: new Date(Date.now() + 604_800_000),
  };
  const grantId = await grants.keepGrant(clientId, grant, 'ticket');
  await links.linkSignedIn({
    grantId,
    clientId,
    platformUserId: 'carol',
    account: { discordUserId, username: 'carol', displayName: null },
    cause,
  });
}

/**
 * All that is left of a run and can be seen, without the ids and times that no two runs have in
 * common.
 */
export async function endState({ store, discord, clientId, query }: CrashWorld) {
  const { rows } = await store.read.pageAuditRecords({ clientId }, { limit: 50, after: null });
  const [mirror] = await query('select role_ids, is_present from member');
  const link = await store.read.findLinkByPlatformUser(clientId, 'carol');
  const member = discord.member(guildId, CAROL.discordUserId);
  return {
    roleIds: member?.roleIds.toSorted(),
    mirror,
    link: link && { state: link.state, reason: link.reason },
    records: rows.map((record) => ({
      plannedAdded: record.plannedAdded,
      plannedRemoved: record.plannedRemoved,
      added: record.added.toSorted(),
      removed: record.removed.toSorted(),
      outcome: record.outcome,
      reason: record.reason,
      isClosed: record.closedAt !== null,
      causes: record.causes.map((cause) => JSON.stringify(cause, Object.keys(cause).sort())).sort(),
    })),
    told: await query(
      `select type, data - '{clientId,linkId,auditRecordId,causes}'::text[] as data from outbox order by position`,
    ),
    openJobs: await query('select from reconcile_job'),
    grants: await query('select is_join_wanted from discord_grant'),
    givenUp: await query('select discord_user_id, attempts from revocation'),
  };
}

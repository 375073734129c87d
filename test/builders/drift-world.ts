import fc from 'fast-check';
import { sql } from 'kysely';

import type { Db } from '../../services/store/entities/entities.js';

/**
 * Everything that decides about roles, for a few members of one client. It is small, so that all
 * combinations occur.
 */
export interface World {
  readonly roleIds: readonly string[];
  readonly authority: Authority;
  readonly unknownMembership: 'KEEP' | 'REMOVE';
  readonly screening: 'WAIT' | 'IGNORE';
  readonly refusals: readonly (string | null)[];
  readonly groupsDeleted: readonly boolean[];
  readonly mappings: readonly {
    readonly groupId: string;
    readonly roleId: string;
    readonly authority: Authority | null;
    readonly isRetired: boolean;
  }[];
  readonly members: readonly WorldMember[];
}

export interface WorldMember {
  readonly discordUserId: string;
  readonly links: 'none' | 'active' | 'ending' | 'both';
  readonly mirror: 'never' | 'row only' | 'absent' | 'present';
  readonly roleIds: readonly string[];
  /** Has not passed Discord's membership screening. */
  readonly isPending: boolean;
  /** Hours from now until the time-out ends, or since it ended; null: none. */
  readonly timeout: number | null;
  /** Changes by others; `nextTry`: hours from now, null: not disputed. */
  readonly hands: readonly {
    readonly roleId: string;
    readonly isGiven: boolean;
    readonly isHeld: boolean;
    readonly nextTry: number | null;
  }[];
  /** `waiting`: parked until the member has passed screening. */
  readonly standing: 'free' | 'parked' | 'waiting';
  readonly decisions: readonly {
    readonly roleId: string;
    readonly verdict: 'HELD' | 'APPROVED' | 'REJECTED';
  }[];
  /**
   * The last reading of each mapping whose authority is DISCORD, by its index in `mappings`; null:
   * never read.
   */
  readonly remote: readonly RemoteRow[];
  readonly hasSnapshot: boolean;
  /** For each group: true for a member, false for known not to be, null for unknown. */
  readonly memberships: readonly (boolean | null)[];
  readonly seen: {
    readonly isPresent: boolean;
    readonly isPending: boolean;
    readonly timedOutUntil: Date | null;
    readonly roleIds: readonly string[];
  } | null;
}

type RemoteRow = {
  readonly hasRole: boolean;
  readonly request: 'ADDED' | 'REMOVED' | null;
  readonly state: 'OPEN' | 'DISPUTED';
  readonly isOutdated: boolean;
} | null;

type Authority = 'PLATFORM' | 'DISCORD' | 'OBSERVE';

const ROLES = ['71', '72', '73', '79'];
const MAPPED_ROLES = ROLES.slice(0, 3);
const GROUPS = ['g1', 'g2', 'g3'];
const AUTHORITIES = ['PLATFORM', 'DISCORD', 'OBSERVE'] as const;

const often = <Value>(usual: Value, ...rare: readonly Value[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...rare) },
  );

export function aWorld(): fc.Arbitrary<World> {
  return fc.record({
    roleIds: fc.constant(ROLES),
    authority: often<Authority>('PLATFORM', 'DISCORD', 'OBSERVE'),
    unknownMembership: fc.constantFrom('KEEP', 'REMOVE'),
    screening: fc.constantFrom('WAIT', 'IGNORE'),
    refusals: fc.tuple(...ROLES.map(() => often<string | null>(null, 'ABOVE_BOT', 'UNKNOWN_ROLE'))),
    groupsDeleted: fc.tuple(...GROUPS.map(() => often(false, true))),
    mappings: fc.uniqueArray(
      fc.record({
        groupId: fc.constantFrom(...GROUPS),
        roleId: fc.constantFrom(...MAPPED_ROLES),
        authority: often<Authority | null>(null, ...AUTHORITIES),
        isRetired: often(false, true),
      }),
      {
        maxLength: 6,
        selector: ({ groupId, roleId }) => `${groupId} ${roleId}`,
      },
    ),
    members: fc.array(aMember(), { minLength: 1, maxLength: 5 }).map((members) =>
      members.map((member, index) => ({
        ...member,
        discordUserId: String(600 + index),
      })),
    ),
  });
}

const aRemoteRow = fc
  .record({
    hasRole: fc.boolean(),
    isAsked: fc.boolean(),
    state: fc.constantFrom('OPEN' as const, 'DISPUTED' as const),
    isOutdated: fc.boolean(),
  })
  .map(({ isAsked, ...row }) => {
    const change = row.hasRole ? ('ADDED' as const) : ('REMOVED' as const);
    return { ...row, request: isAsked ? change : null };
  });

const aHandChange = fc.record({
  roleId: fc.constantFrom(...ROLES),
  isGiven: fc.boolean(),
  isHeld: often(false, true),
  nextTry: fc.constantFrom(null, 1, -1),
});

function aMember(): fc.Arbitrary<Omit<WorldMember, 'discordUserId'>> {
  const roleIds = fc.subarray(ROLES);
  return fc.record({
    links: often<WorldMember['links']>('active', 'none', 'ending', 'both'),
    mirror: often<WorldMember['mirror']>('present', 'never', 'row only', 'absent'),
    roleIds,
    isPending: often(false, true),
    timeout: often<number | null>(null, 1, -1),
    hands: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.uniqueArray(aHandChange, { selector: ({ roleId }) => roleId }) },
    ),
    standing: often<WorldMember['standing']>('free', 'parked', 'waiting'),
    decisions: fc.uniqueArray(
      fc.record({
        roleId: fc.constantFrom(...ROLES),
        verdict: fc.constantFrom('HELD', 'APPROVED', 'REJECTED'),
      }),
      { maxLength: 2, selector: ({ roleId }) => roleId },
    ),
    remote: fc.array(fc.option(aRemoteRow), { minLength: 6, maxLength: 6 }),
    hasSnapshot: fc.boolean(),
    memberships: fc.tuple(...GROUPS.map(() => fc.constantFrom(true, false, null))),
    seen: fc.option(
      fc.oneof(
        fc.record({
          isPresent: fc.constant(true),
          isPending: often(false, true),
          timedOutUntil: often<number | null>(null, 1, -1).map(hoursFromNow),
          roleIds,
        }),
        fc.constant({ isPresent: false, isPending: false, timedOutUntil: null, roleIds: [] }),
      ),
    ),
  });
}

const hoursFromNow = (hours: number | null): Date | null =>
  hours === null ? null : new Date(Date.now() + hours * 3_600_000);

export async function writeWorld(db: Db, clientId: string, world: World): Promise<void> {
  await sql`
    insert into client (id, name, guild_id, application_id, client_secret, bot_token, is_enabled, authority,
      unknown_membership, screening, nickname_strategy, guard_minimum, guard_percent, email_rule, keeps_tokens, whole_list_writes,
      api_base, authorize_url, token_url, revoke_url, created_at, updated_at)
    values (${clientId}, 'c', 'guild', 'a', '', '', true, ${world.authority}, ${world.unknownMembership}, ${world.screening}, 'NONE', 10, 20,
      'NONE', false, true, '', '', '', '', now(), now())`.execute(db);
  for (const [index, roleId] of world.roleIds.entries())
    await sql`
      insert into role (client_id, id, name, position, color, is_managed, refusal)
      values (${clientId}, ${roleId}, '', 1, 0, false, ${world.refusals[index] ?? null})`.execute(
      db,
    );
  for (const [index, groupId] of GROUPS.entries())
    await sql`
      insert into platform_group (id, deleted_at)
      values (${groupId}, case when ${world.groupsDeleted[index] ?? false}::boolean then now() end)`.execute(
      db,
    );
  for (const mapping of world.mappings)
    await sql`
      insert into role_mapping (id, client_id, group_id, role_id, authority, created_at, retired_at)
      values (gen_random_uuid(), ${clientId}, ${mapping.groupId}, ${mapping.roleId}, ${mapping.authority}, now(),
        case when ${mapping.isRetired}::boolean then now() end)`.execute(db);
  for (const member of world.members) {
    await writeMember(db, clientId, member);
    if (member.mirror === 'present') await writeRemote(db, world, member);
  }
}

/** Writes readings for an active link, and only of mappings whose authority is DISCORD. */
async function writeRemote(
  db: Db,
  world: World,
  { discordUserId, remote }: WorldMember,
): Promise<void> {
  for (const [index, { groupId, roleId, ...mapping }] of world.mappings.entries()) {
    const row = remote[index] ?? null;
    if (row === null || (mapping.authority ?? world.authority) !== 'DISCORD') continue;
    const { hasRole, request, state, isOutdated } = row;
    await sql`
      insert into remote_membership (link_id, mapping_id, has_role, request, request_state, request_id, asked_at, asked_order)
      select l.id, m.id, ${hasRole}, n.request, case when n.request is not null then ${state}::text end,
        case when n.request is not null then gen_random_uuid() end, case when n.request is not null then now() end,
        case when n.request is not null then ${isOutdated ? 'long ago' : '-/1/false'}::text end
      from link l join role_mapping m on m.client_id = l.client_id cross join (select ${request}::text as request) n
      where l.discord_user_id = ${discordUserId} and l.status = 'ACTIVE' and m.group_id = ${groupId}
        and m.role_id = ${roleId}`.execute(db);
  }
}

async function writeMember(db: Db, clientId: string, member: WorldMember): Promise<void> {
  const { discordUserId: id, links, mirror, standing } = member;
  const status = {
    active: ['ACTIVE'],
    ending: ['ENDING'],
    both: ['ACTIVE', 'ENDING'],
    none: [],
  }[links];
  for (const each of status) await writeLink(db, clientId, member, each);
  const isPresent = mirror === 'present';
  if (mirror !== 'never')
    await sql`
      insert into member (client_id, discord_user_id, read_at, is_present, is_pending, timed_out_until, state, role_ids)
      values (${clientId}, ${id}, case when ${mirror !== 'row only'}::boolean then now() end,
        ${mirror !== 'absent'}::boolean, ${isPresent && member.isPending}::boolean,
        ${isPresent ? (hoursFromNow(member.timeout)?.toISOString() ?? null) : null}::timestamptz,
        ${standing === 'waiting' ? 'PENDING' : null}::text, ${isPresent ? member.roleIds : []}::text[])`.execute(
      db,
    );
  for (const { roleId, verdict } of member.decisions)
    await sql`
      insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, reason)
      values (${clientId}, ${id}, ${roleId}, ${verdict}, 'LIMIT', '')`.execute(db);
  for (const { roleId, isGiven, isHeld, nextTry } of member.hands)
    await sql`
      insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, is_held, disputed_since, next_try_at)
      values (${clientId}, ${id}, ${roleId}, ${isGiven}, now(), ${isHeld}, case when ${nextTry}::int is not null then now() end,
        now() + make_interval(hours => ${nextTry}::int))`.execute(db);
  if (standing !== 'free')
    await sql`
      insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes, is_parked)
      values (${clientId}, ${id}, 0, now(), '[]', true)`.execute(db);
}

async function writeLink(
  db: Db,
  clientId: string,
  member: WorldMember,
  status: string,
): Promise<void> {
  const userId = `${status} user of ${member.discordUserId}`;
  await sql`
    insert into platform_user (id, snapshot_time_us)
    values (${userId}, case when ${member.hasSnapshot}::boolean then 1 end)`.execute(db);
  await sql`
    insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
    values (gen_random_uuid(), ${clientId}, ${userId}, ${member.discordUserId}, ${status}, now())`.execute(
    db,
  );
  for (const [index, isHeld] of member.memberships.entries())
    if (isHeld !== null)
      await sql`
        insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
        values (${userId}, ${GROUPS[index]}, ${isHeld}, 1, false)`.execute(db);
}

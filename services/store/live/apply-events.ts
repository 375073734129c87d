import { sql } from 'kysely';

import type { LiveMemory, MemberChanges } from '../../discord/gateway/ports.js';
import { LeaseLostError } from '../../lib/errors.js';
import { LANES, type MemberKey } from '../../model.js';
import type { Database } from '../connection/database.js';
import { holdBurst, type Guard } from '../decisions/hold-burst.js';
import type { Db } from '../entities/entities.js';
import { markEach, type OwnMark } from '../jobs/mark.js';
import { reviveSeen } from '../links/departed.js';
import type { EnqueueEvents } from '../outbox/outbox.js';
import { tellPresence } from '../outbox/tell-presence.js';
import { noteUnlinkedHolders, type SeenAccount } from '../unlinked/note-unlinked.js';
import { saveBans } from './bans.js';
import { countFlips } from './count-flips.js';
import { type EventVerdict, judgeEvent } from './judge-event.js';
import { isLeasedBy } from './live-bots.js';
import { noteEventTime } from './live-state.js';
import { advancePosition } from './positions.js';
import { readGuildRules, readKnownMembers, type StoredMember } from './read-known.js';
import { saveSeen } from './save-seen.js';

interface Deps {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvents: EnqueueEvents;
  readonly guard: Guard;
}

/** From this number of accounts on, it is cheaper to plan each statement for its values. */
const MANY = 20;

/**
 * Applies a batch of events in one transaction. The number of statements does not depend on the
 * number of events. Throws LeaseLostError if another process now leases the bot.
 */
export function createApplyEvents(deps: Deps): LiveMemory['applyEvents'] {
  const { database, owner } = deps;
  return async ({ applicationId, position, clients }) => {
    const accounts = clients.flatMap(accountsOf);
    return database.pipeline(async (db) => {
      // Locks the position first. So a process that was suspended in this transaction commits
      // before its heir does, or finds here that it has lost the bot.
      const [, , judged] = await Promise.all([
        position && advancePosition(db, { owner, applicationId }, position),
        requireLease(db, owner, applicationId),
        judgeAll(db, clients, accounts),
      ]);
      return writeAll(deps, db, { clients, accounts, judged });
    }, accounts.length < MANY);
  };
}

function accountsOf({ clientId, shown, left }: MemberChanges): readonly SeenAccount[] {
  return [
    ...shown.map(({ discordUserId, member }) => ({
      clientId,
      discordUserId,
      reading: { isPresent: true as const, ...member },
    })),
    ...left.map((discordUserId) => ({
      clientId,
      discordUserId,
      reading: { isPresent: false as const },
    })),
  ];
}

async function requireLease(db: Db, owner: string, applicationId: string): Promise<void> {
  const { rows } = await sql<{ isOurs: boolean }>`
    select ${isLeasedBy(owner, sql`${applicationId}`)} as "isOurs"`.execute(db);
  if (rows[0]?.isOurs !== true)
    throw new LeaseLostError(`another process now uses the bot of application ${applicationId}`);
}

/**
 * Locks jobs before members, as runs do: marks the members, and then writes the mirror of those
 * whose mirror has not changed since their events were compared with it.
 */
async function writeAll(
  deps: Deps,
  db: Db,
  {
    clients,
    accounts,
    judged,
  }: {
    readonly clients: readonly MemberChanges[];
    readonly accounts: readonly SeenAccount[];
    readonly judged: readonly JudgedMember[];
  },
): Promise<number> {
  const isLinked = new Set(judged.map(keyOf));
  const unlinked = accounts.filter((account) => !isLinked.has(keyOf(account)));
  const marks = judged.flatMap(markOf);
  const bans = clients.flatMap(({ clientId, bans }) => bans.map((ban) => ({ clientId, ...ban })));
  const [, written, unbanned] = await Promise.all([
    markEach(db, marks),
    saveSeen(db, judged.filter(isBelieved).map(seenOf)),
    saveBans(db, bans, deps.enqueueEvents),
    unlinked.length > 0 && noteUnlinkedHolders(db, unlinked),
    noteEventTime(
      db,
      clients.map(({ clientId }) => clientId),
    ),
  ]);
  const isWritten = new Set(written.map(keyOf));
  const taken = judged.filter((each) => isWritten.has(keyOf(each)));
  const overtaken = judged.filter((each) => isBelieved(each) && !isWritten.has(keyOf(each)));
  await Promise.all([
    markEach(db, overtaken.flatMap(readingMarkOf)),
    countFlips(db, taken.flatMap(flipsOf)),
    tellPresence(db, deps.enqueueEvents, 'discord.member.left.v1', newsOf(taken, 'LEFT')),
    tellPresence(db, deps.enqueueEvents, 'discord.member.returned.v1', newsOf(taken, 'RETURNED')),
  ]);
  const ofRoles = marks.filter(({ lane }) => lane > LANES.name);
  if (ofRoles.length > 0) await holdBurst(db, deps.guard, markedMembers(ofRoles));
  return new Set([...marks, ...overtaken, ...unbanned].map(keyOf)).size;
}

interface JudgedMember extends StoredMember {
  readonly account: SeenAccount;
  readonly verdict: EventVerdict;
}

/** Returns the linked members among the accounts, each with the verdict on its event. */
async function judgeAll(
  db: Db,
  clients: readonly MemberChanges[],
  accounts: readonly SeenAccount[],
): Promise<readonly JudgedMember[]> {
  if (accounts.length === 0) return [];
  const [, known, rules] = await Promise.all([
    reviveSeen(
      db,
      accounts.flatMap(({ reading, ...account }) =>
        reading.isPresent ? [{ ...account, roleIds: reading.roleIds }] : [],
      ),
    ),
    readKnownMembers(db, accounts),
    readGuildRules(
      db,
      clients.map(({ clientId }) => clientId),
    ),
  ]);
  const byKey = new Map(accounts.map((account) => [keyOf(account), account]));
  return known.flatMap((member) => {
    const account = byKey.get(keyOf(member));
    const guild = rules.get(member.clientId);
    if (account === undefined || guild === undefined) return [];
    return [{ ...member, account, verdict: judgeEvent(member, account.reading, guild) }];
  });
}

const keyOf = ({ clientId, discordUserId }: MemberKey) => `${clientId} ${discordUserId}`;

const isBelieved = ({ verdict }: JudgedMember) => verdict.isBelieved;

function markOf({ clientId, discordUserId, verdict: { mark } }: JudgedMember): readonly OwnMark[] {
  return mark === null ? [] : [{ clientId, discordUserId, ...mark }];
}

/** The mark for a member whose mirror changed after the event was compared with it. */
function readingMarkOf({ clientId, discordUserId, verdict }: JudgedMember): readonly OwnMark[] {
  return verdict.reading === null ? [] : [{ clientId, discordUserId, ...verdict.reading }];
}

function seenOf({ clientId, discordUserId, account, readAt, verdict }: JudgedMember) {
  return {
    clientId,
    discordUserId,
    reading: account.reading,
    readAt,
    isLeaving: verdict.presence === 'LEFT',
    isRenamedByHand: verdict.isRenamedByHand,
  };
}

function flipsOf({ clientId, discordUserId, readAt, verdict }: JudgedMember) {
  return verdict.flips.map((flip) => ({ clientId, discordUserId, ...flip, writtenAt: readAt }));
}

function newsOf(members: readonly JudgedMember[], presence: EventVerdict['presence']) {
  const concerned = members.filter(({ verdict }) => verdict.presence === presence);
  return [...Map.groupBy(concerned, ({ clientId }) => clientId)].map(([clientId, each]) => ({
    clientId,
    members: each.map(({ discordUserId }) => discordUserId),
  }));
}

/** Query of members for `holdBurst`: a role given by hand is removed like any other. */
const markedMembers = (marks: readonly MemberKey[]) => sql`
  select k.client_id, k.discord_user_id, 'OTHER' as cause
  from unnest(${marks.map((mark) => mark.clientId)}::uuid[], ${marks.map((mark) => mark.discordUserId)}::text[])
    as k (client_id, discord_user_id)`;

import pg from 'pg';
import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import { CONNECTOR_BOT } from './hands.js';
import type { Disturbances } from './disturbances.js';
import type { Play } from './play.js';
import { PEOPLE, type Person } from './steps.js';

const { guildId, accounts } = DEMO;
const RolesChanged = z.array(z.object({ id: z.string() }));
const Told = z.object({
  auditRecordId: z.string(),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  nickname: z.string().nullable(),
});

export interface Change {
  readonly account: Person;
  readonly recordId: string;
  readonly roleId: string;
  readonly direction: 'added' | 'removed';
  readonly at: number;
}

/**
 * Compares records with the sandbox's own log, both ways, and published events with records. A
 * record names every change in the log, as a change or as ensured, and claims only changes in the
 * log. Two things look like a change of ours: a write after a reading that a person's edit made
 * stale, and a person's edit that does what an interrupted run had planned. Both logs contain a
 * lost write, because Discord accepted and logged it; the next reading shows that it was not kept.
 * `disturbances` excuses roles that people or faults affected.
 */
export async function recordFaults(
  play: Play,
  disturbances: Disturbances,
): Promise<readonly string[]> {
  const { store, clientId } = play.stage;
  const { rows } = await store.read.pageAuditRecords({ clientId }, { limit: 2_000, after: null });
  const records = new Map(rows.map((record) => [record.id, record]));
  const made = botChanges(play);
  const isMade = new Set(made.map(keyOf));

  const unrecorded = made.flatMap((change) => {
    const record = records.get(change.recordId);
    const what = `${change.account} ${change.direction} ${change.roleId}`;
    if (disturbances.isUndone(change.account, change.roleId)) return [];
    if (record === undefined) return [`no record for: ${what}`];
    const planned = change.direction === 'added' ? record.plannedAdded : record.plannedRemoved;
    if (!planned.includes(change.roleId)) return [`record ${record.id} did not plan: ${what}`];
    if (
      record[change.direction].includes(change.roleId) ||
      record.ensured[change.direction].includes(change.roleId) ||
      disturbances.touches(change.account, change.roleId)
    )
      return [];
    return [`record ${record.id} lacks: ${what} (${record.reason})`];
  });

  const claimed = rows.flatMap((record) =>
    (['added', 'removed'] as const).flatMap((direction) =>
      record[direction].map((roleId) => ({ record, direction, roleId })),
    ),
  );
  const unmade = claimed.flatMap(({ record, direction, roleId }) => {
    const account = accountOf(record.discordUserId);
    if (account === undefined) return [`a record about an unknown account: ${record.id}`];
    const key = keyOf({ account, recordId: record.id, roleId, direction });
    if (isMade.has(key) || disturbances.touches(account, roleId)) return [];
    return [
      `record ${record.id} claims a change that was never made: ${account} ${direction} ${roleId}`,
    ];
  });

  const twofold = rows.flatMap((record) =>
    (['added', 'removed'] as const).flatMap((direction) =>
      record.ensured[direction]
        .filter((roleId) => record[direction].includes(roleId))
        .map((roleId) => `record ${record.id} claims and ensures at once: ${direction} ${roleId}`),
    ),
  );

  const open = rows.filter((record) => record.closedAt === null);
  return [
    ...unrecorded,
    ...unmade,
    ...twofold,
    ...open.map((record) => `record ${record.id} is open`),
    ...(await eventFaults(play, rows)),
  ];
}

/** The bot's changes in the sandbox's log, including those of members who have left since. */
export function botChanges({ stage }: Play): readonly Change[] {
  return stage.discord.guild(guildId).auditLog.flatMap((entry) => {
    if (entry.actorId !== CONNECTOR_BOT) return [];
    const account = accountOf(entry.targetId ?? '');
    const recordId = /audit record (\S+)/.exec(entry.reason ?? '')?.[1] ?? 'none';
    if (account === undefined) return [];
    const ofRoles = (entry.changes ?? []).filter(({ key }) => key === '$add' || key === '$remove');
    return ofRoles.flatMap(({ key, new_value: roles }) =>
      RolesChanged.parse(roles).map(({ id: roleId }) => ({
        account,
        recordId,
        roleId,
        at: stage.timeOf(entry.entryId),
        direction: key === '$add' ? ('added' as const) : ('removed' as const),
      })),
    );
  });
}

/**
 * Each record with changes is published exactly once, with the same content, and nothing else is.
 */
async function eventFaults(
  { stage }: Play,
  records: readonly {
    readonly id: string;
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly nickname: string | null;
    readonly closedAt: unknown;
    readonly reason: string | null;
  }[],
): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ data: unknown }>(
    `select data from ${stage.told} where type = 'discord.roles.changed.v1'`,
  );
  await client.end();
  const told = Map.groupBy(
    rows.map(({ data }) => Told.parse(data)),
    (event) => event.auditRecordId,
  );
  const strangers = [...told.keys()].filter((id) => !records.some((record) => record.id === id));
  return [
    ...strangers.map((id) => `an event names record ${id}, which does not exist`),
    ...records.flatMap(({ id, added, removed, nickname }) => {
      const events = told.get(id) ?? [];
      const [event] = events;
      // The nickname of a deleted person is erased from the record, but its event was sent.
      const isNamed = nickname !== null || (event?.nickname ?? null) !== null;
      const should = added.length + removed.length > 0 || isNamed ? 1 : 0;
      if (events.length !== should)
        return [`record ${id} was published ${events.length} times, not ${should}`];
      const isSame =
        event === undefined || (same(event.added, added) && same(event.removed, removed));
      return isSame ? [] : [`the event of record ${id} differs from it`];
    }),
  ];
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join() === b.toSorted().join();
}

function keyOf({ account, recordId, roleId, direction }: Omit<Change, 'at'>): string {
  return `${account} ${recordId} ${roleId} ${direction}`;
}

function accountOf(discordUserId: string): Person | undefined {
  return PEOPLE.find((person) => accounts[person] === discordUserId);
}

/**
 * Re-encrypts, with the first key of the key ring, every value that another key encrypted. Reports
 * how many values were written and which cannot be decrypted. It may be interrupted and restarted
 * at any time. It never overwrites a value that changed meanwhile, and never stores plaintext.
 */
import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import { keyIdOf, type KeyRing } from '../../lib/encryption.js';
import type { Database } from '../connection/database.js';
import { ENCRYPTED_TABLES, type EncryptedTable, type RowNames } from './encrypted-columns.js';

export interface Progress {
  readonly table: string;
  readonly looked: number;
  readonly written: number;
}

interface Unreadable {
  readonly table: string;
  readonly column: string;
  readonly keyId: string;
  readonly rows: number;
  /** The affected clients; empty for rows that belong to none. */
  readonly clientIds: readonly string[];
  readonly loss: string;
}

interface Reencryption {
  readonly tables: readonly Progress[];
  readonly unreadable: readonly Unreadable[];
  /** Other keys that still encrypted values in the last pass: some process must be using them. */
  readonly returned: readonly {
    readonly table: string;
    readonly keyId: string;
  }[];
}

/** Rows per statement. Each statement is one transaction. */
const STEP = 200;

/**
 * Maximum passes per table. A further pass finds values that a process with other keys wrote
 * meanwhile. If the last pass still finds some, the command reports their keys.
 */
const PASSES = 3;

export async function reencrypt(
  { database, keys }: { readonly database: Database; readonly keys: KeyRing },
  onProgress: (progress: Progress) => void | Promise<void>,
): Promise<Reencryption> {
  const tables: Progress[] = [];
  const unreadable: Unreadable[] = [];
  const returned: { table: string; keyId: string }[] = [];
  for (const each of ENCRYPTED_TABLES) {
    let found = await pass(database, keys, each, onProgress);
    const { looked } = found;
    let { written } = found;
    for (let more = 1; more < PASSES && found.written > 0; more += 1) {
      found = await pass(database, keys, each, onProgress);
      written += found.written;
    }
    if (found.written > 0)
      for (const keyId of found.keyIds) returned.push({ table: each.table, keyId });
    tables.push({ table: each.table, looked, written });
    unreadable.push(...gather(each, found.lost));
  }
  return { tables, unreadable, returned };
}

interface Lost {
  readonly column: string;
  readonly keyId: string;
  readonly clientId: string | null;
}

interface Pass {
  looked: number;
  written: number;
  readonly lost: Lost[];
  /** Ids of the keys that had encrypted the rewritten values. */
  readonly keyIds: Set<string>;
}

/** Re-encrypts one table, in key order. */
async function pass(
  database: Database,
  keys: KeyRing,
  table: EncryptedTable,
  onProgress: (progress: Progress) => void | Promise<void>,
): Promise<Pass> {
  const found: Pass = { looked: 0, written: 0, lost: [], keyIds: new Set() };
  let after: RowNames | null = null;
  for (;;) {
    const rows: readonly RowNames[] = await readStep(database.sql(), table, keys, after);
    if (rows.length === 0) return found;
    for (const { column, context } of table.columns)
      await renew(database, keys, { table, column, context, rows, found });
    found.looked += rows.length;
    after = rows.at(-1) ?? null;
    const { looked, written } = found;
    await onProgress({ table: table.table, looked, written });
  }
}

const refs = (key: EncryptedTable['key']) => sql.join(key.map(({ name }) => sql.ref(name)));

const isStale = (column: string, keys: KeyRing) =>
  sql`split_part(${sql.ref(column)}, '.', 1) <> ${keys.keyIds[0] ?? ''}`;

/** Reads the next rows that have a value not encrypted with the first key. */
async function readStep(
  db: Db,
  { table, key, named, columns }: EncryptedTable,
  keys: KeyRing,
  after: RowNames | null,
): Promise<readonly RowNames[]> {
  const names = [...key.map(({ name }) => name), ...named, ...columns.map(({ column }) => column)];
  const texts = names.map((name) => sql`${sql.ref(name)}::text as ${sql.ref(name)}`);
  const stale = columns.map(({ column }) => isStale(column, keys));
  const from =
    after === null
      ? sql`true`
      : sql`(${refs(key)}) > (${sql.join(key.map(({ name, type }) => sql`${after[name]}::${sql.raw(type)}`))})`;
  const { rows } = await sql<RowNames>`
    select ${sql.join(texts)} from ${sql.table(table)}
    where ${from} and (${sql.join(stale, sql` or `)})
    order by ${refs(key)} limit ${STEP}`.execute(db);
  return rows;
}

interface Renewal {
  readonly table: EncryptedTable;
  readonly column: string;
  readonly context: (row: RowNames) => string;
  readonly rows: readonly RowNames[];
  readonly found: Pass;
}

/**
 * Re-encrypts one column. Writes a value only if its ciphertext is unchanged; otherwise another
 * process has written and encrypted a newer value.
 */
async function renew(
  database: Database,
  keys: KeyRing,
  { table, column, context, rows, found }: Renewal,
): Promise<void> {
  const first = keys.keyIds[0];
  const renewed: { row: RowNames; old: string; text: string }[] = [];
  for (const row of rows) {
    const old = row[column] ?? null;
    if (old === null || keyIdOf(old) === first) continue;
    const text = recoded(keys, old, context(row));
    if (text === null)
      found.lost.push({
        column,
        keyId: keyIdOf(old),
        clientId: table.clientOf(row),
      });
    else renewed.push({ row, old, text });
  }
  if (renewed.length === 0) return;
  const values = renewed.map(
    ({ row, old, text }) =>
      sql`(${sql.join([...table.key.map(({ name }) => row[name]), old, text].map((value) => sql`${value}::text`))})`,
  );
  const matches = table.key.map(
    ({ name, type }) => sql`t.${sql.ref(name)} = n.${sql.ref(name)}::${sql.raw(type)}`,
  );
  const { numAffectedRows } = await database.transaction(async (tx) =>
    sql`
      update ${sql.table(table.table)} t set ${sql.ref(column)} = n.new_text
      from (values ${sql.join(values)}) as n (${refs(table.key)}, old_text, new_text)
      where ${sql.join(matches, sql` and `)} and t.${sql.ref(column)} = n.old_text`.execute(tx.sql),
  );
  found.written += Number(numAffectedRows ?? 0);
  for (const { old } of renewed) found.keyIds.add(keyIdOf(old));
}

/**
 * Returns null if the value cannot be decrypted, because the key is missing or the value was
 * modified.
 */
function recoded(keys: KeyRing, old: string, context: string): string | null {
  try {
    return keys.encrypt(keys.decrypt(old, context), context);
  } catch {
    return null;
  }
}

function gather({ table, loss }: EncryptedTable, lost: readonly Lost[]): readonly Unreadable[] {
  const groups = Map.groupBy(lost, ({ column, keyId }) => `${column} ${keyId}`);
  return [...groups.values()].flatMap((group) => {
    const [one] = group;
    if (one === undefined) return [];
    const clientIds = new Set(group.flatMap(({ clientId }) => clientId ?? []));
    const { column, keyId } = one;
    return [
      {
        table,
        column,
        keyId,
        rows: group.length,
        clientIds: [...clientIds],
        loss,
      },
    ];
  });
}

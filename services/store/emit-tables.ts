import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { MikroORM, SchemaGenerator, type DatabaseTable } from '@mikro-orm/postgresql';

import { ENTITIES, type Schema } from './entities/entities.js';
import { PostgresNames } from './entities/postgres-names.js';

/** The meaning of one row, by table. */
const ROWS: Readonly<Record<keyof Schema, string>> = {
  platform_user: 'A user of the platform, with the username and attributes it reported.',
  platform_group: 'A group of the platform.',
  membership: 'A user is known to be, or not to be, in a group.',
  client: 'A Discord application with its bot, the guild it serves, its settings and its health.',
  role: 'A role of a guild, as last read.',
  role_mapping: 'Members of a group get a role.',
  link: 'A platform user and a Discord account are the same person, for one client.',
  member: 'The mirror: an account in a guild as last read, and the result of its last run.',
  departed_account: 'An account whose link ended because it had left the guild.',
  unlinked_holder: 'An account that holds a mapped role and has no link.',
  live_guild: 'How changes of a guild reach the connector, and whether any were missed.',
  gateway_session: 'A gateway session of a bot, to be resumed after a break.',
  gateway_start: 'How often a bot may still open a gateway session.',
  hand_change: 'A mapped role that somebody else gave to a member or took from them.',
  link_ticket: 'An invitation to link an account by signing in at Discord.',
  discord_grant: 'The tokens of a person who signed in.',
  revocation: 'Tokens to be revoked at Discord.',
  reconcile_job: 'A member to reconcile, and why.',
  bot_lease: 'The process that works a bot.',
  worker: 'A process that runs the path.',
  schedule: 'When a kind of sweep runs at a client.',
  sweep: 'One run of a sweep: waiting, running, held for approval, or over.',
  sweep_mark: 'A member that a sweep has marked for the path.',
  guild_listing: 'What the last member list of a guild has shown.',
  remote_membership: 'A role that follows Discord: what was last read, and requested.',
  audit_record: 'One reconcile of a member: plan, causes and outcome.',
  removal_decision: 'A removal that waits for a person, or the verdict on it.',
  asked_removal: 'A removal that the platform was asked for, as the guard counts it.',
  outbox: 'An event waiting for the broker.',
  idempotent_request: 'A mutation with an `Idempotency-Key`, and its answer.',
  write_probe: 'The row that a process writes to learn whether the database takes writes.',
};

/** Returns the text of docs/tables.md, generated from the entities. */
export async function printTables(): Promise<string> {
  const orm = await MikroORM.init({
    dbName: 'none',
    entities: [...ENTITIES],
    namingStrategy: PostgresNames,
    extensions: [SchemaGenerator],
  });
  const found = new Map(
    new SchemaGenerator(orm.em)
      .getTargetSchema()
      .getTables()
      .map((table) => [table.name, table] as const),
  );
  await orm.close();
  const tables = Object.entries(ROWS).map(([name, row]) => {
    const table = found.get(name);
    if (table === undefined) throw new Error(`no entity describes table ${name}`);
    return { table, row };
  });
  return [
    '# Tables',
    'Generated from the entities in `services/store/entities/` by `npm run codegen`. Functions and triggers are in `services/store/migrations/`.',
    tableOf(
      ['table', 'a row is'],
      tables.map(({ table, row }) => [`[${table.name}](#${table.name})`, row]),
    ),
    '## Relations',
    'Keys only.',
    diagramOf(tables.map(({ table }) => table)),
    ...tables.flatMap(({ table, row }) => [`## ${table.name}`, row, ...detailsOf(table)]),
    '',
  ].join('\n\n');
}

function diagramOf(tables: readonly DatabaseTable[]): string {
  const keysOf = (table: DatabaseTable) => ({
    own: table.getPrimaryKey()?.columnNames ?? [],
    foreign: Object.values(table.getForeignKeys()),
  });
  const boxes = tables.flatMap((table) => {
    const { own, foreign } = keysOf(table);
    const columns = table.getColumns().flatMap(({ name, type }) => {
      const marks = [
        ...(own.includes(name) ? ['PK'] : []),
        ...(foreign.some(({ columnNames }) => columnNames.includes(name)) ? ['FK'] : []),
      ];
      return marks.length > 0 ? [`    ${type} ${name} ${marks.join(', ')}`] : [];
    });
    return [`  ${table.name} {`, ...columns, '  }'];
  });
  const lines = tables.flatMap((table) =>
    keysOf(table).foreign.map(({ referencedTableName, columnNames }) => {
      const target = referencedTableName.replace('public.', '');
      const isNullable = columnNames.some((name) => table.getColumn(name)?.nullable === true);
      return `  ${target} ${isNullable ? '|o' : '||'}--o{ ${table.name} : "${columnNames.join(', ')}"`;
    }),
  );
  return ['```mermaid', 'erDiagram', ...boxes, ...lines, '```'].join('\n');
}

function detailsOf(table: DatabaseTable): readonly string[] {
  const keys = [
    `Primary key: ${table.getPrimaryKey()?.columnNames.join(', ') ?? 'none'}.`,
    ...(table.comment ? [`Comment: ${table.comment}.`] : []),
  ];
  const rows = table
    .getColumns()
    .map((column) => [
      column.name,
      `${column.type}${column.nullable ? ', null' : ''}`,
      [
        ...(column.comment ? [column.comment] : []),
        ...(column.default ? [`default \`${column.default}\``] : []),
        ...(column.enumItems?.length ? [column.enumItems.join(', ')] : []),
      ].join('; '),
    ]);
  return [keys.join(' '), tableOf(['column', 'type', 'notes'], rows)];
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const target = new URL('../../docs/tables.md', import.meta.url);
if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeFile(target, await printTables());

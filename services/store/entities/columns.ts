import { sql, type RawBuilder } from 'kysely';

import type { Row, Schema } from './entities.js';

/**
 * Selects columns under the names of the entity's properties, for statements that typed queries
 * cannot express or that are sent in batches.
 */
export function columns<Table extends keyof Schema>(
  names: readonly (keyof Row<Table> & string)[],
  alias?: string,
): RawBuilder<unknown> {
  const prefix = alias === undefined ? '' : `${alias}.`;
  return sql.join(
    names.map((name) => sql`${sql.ref(prefix + toColumn(name))} as ${sql.ref(name)}`),
  );
}

/** A row selected with `columns`: the driver returns times as text. */
export type RawRow<Table extends keyof Schema, Name extends keyof Row<Table>> = {
  readonly [Each in Name]: Row<Table>[Each] extends Date | null
    ? string | Extract<Row<Table>[Each], null>
    : Row<Table>[Each];
};

const toColumn = (property: string): string =>
  property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

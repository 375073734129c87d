import { expect, test } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { openDatabase } from '../../../services/store/connection/database.js';
import { createMigratedDatabase } from '../../support/store.js';

test('the migrations create exactly the tables that the entities describe', async () => {
  const fresh = await createMigratedDatabase();
  const database = await openDatabase({ url: fresh.url, poolSize: 2, logger: silentLogger });

  const difference = await database.orm.schema.getUpdateSchemaSQL({ wrap: false });

  await database.close();
  await fresh.drop();
  expect(statementsOf(difference)).toEqual([]);
});

const statementsOf = (sql: string): readonly string[] =>
  sql.split('\n').filter((line) => line !== '' && !line.includes(MISREAD));

/**
 * PostgreSQL stores the bounds as `(0)::double precision`, which MikroORM 7.2 parses as `0
 * precision`, so it reports a difference where there is none.
 */
const MISREAD = '"client_guard_percent_check"';

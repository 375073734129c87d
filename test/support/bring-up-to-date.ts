import { silentLogger } from '../../services/lib/logger.js';
import { openDatabase } from '../../services/store/connection/database.js';
import { migrate } from '../../services/store/migrate.js';

/** Gives a database today's tables, and leaves no connection to it. */
export async function bringUpToDate(url: string): Promise<void> {
  const database = await openDatabase({
    url,
    poolSize: 2,
    logger: silentLogger,
  });
  await migrate(database);
  await database.close();
}

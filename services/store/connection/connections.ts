import { UnavailableError } from '../../lib/errors.js';
import { translateConnect } from './away.js';
import { openDatabase, type Database } from './database.js';
import { createListener } from './listen.js';
import { createWriteWatch, writeProbe } from './write-watch.js';

type Options = Omit<Parameters<typeof openDatabase>[0], 'onOutage'> &
  Omit<Parameters<typeof createListener>[0], 'onSilent' | 'onRefused'>;

/** Opens the pool, the listening connection and the monitor of database writes. */
export async function openConnections(options: Options) {
  const writes = createWriteWatch({
    write: async () => writeProbe(database.sql()),
    logger: options.logger,
  });
  const { onOutage } = writes;
  const database: Database = await openDatabase({ ...options, onOutage });
  const { cutAll: onSilent } = database;
  const onRefused = (error: unknown) => {
    const fault = translateConnect(error);
    if (fault instanceof UnavailableError) onOutage(fault.message);
  };
  const listener = createListener({ ...options, onSilent, onRefused });
  return {
    database,
    listener,
    /** A failed write explains more than the listener's reconnect. */
    ready: () => {
      const writing = writes.ready();
      return writing.ok ? listener.ready() : writing;
    },
    close: async () => {
      await writes.stop();
      await listener.stop();
      await database.close();
    },
  };
}

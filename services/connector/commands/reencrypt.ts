import type { CommandWorld } from '../commands.js';

/** Writes everything that is stored encrypted anew, with the first key; 1 where something cannot be read, or comes back. */
export async function reencrypt(
  { store, logger }: Pick<CommandWorld, 'store' | 'logger'>,
  _args: readonly string[],
): Promise<number> {
  const { tables, unreadable, returned } = await store.keys.reencrypt(
    (progress) => logger.info(progress, 'written anew so far'),
  );
  for (const table of tables) logger.info(table, 'a table is done');
  for (const each of unreadable)
    logger.error(
      each,
      'what this key has encrypted cannot be read: put the key back into ENCRYPTION_KEYS, or leave it at the loss',
    );
  for (const each of returned)
    logger.error(
      each,
      'another process still encrypts with this key: start it with the new key first, then run this again',
    );
  const isDone = unreadable.length + returned.length === 0;
  if (isDone)
    logger.info(
      'everything is encrypted with the first key: the others may go',
    );
  return isDone ? 0 : 1;
}

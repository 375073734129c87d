import type { CommandWorld } from '../open-store.js';

/**
 * Re-encrypts every stored secret with the first key. Returns exit code 1 if a value cannot be
 * decrypted, or if another process still encrypts with an old key.
 */
export async function reencryptCommand(
  { store, logger }: Pick<CommandWorld, 'store' | 'logger'>,
  _args: readonly string[],
): Promise<number> {
  const { tables, unreadable, returned } = await store.keys.reencrypt((progress) =>
    logger.info(progress, 're-encryption progress'),
  );
  for (const table of tables) logger.info(table, 'table re-encrypted');
  for (const each of unreadable)
    logger.error(
      each,
      'values unreadable with this key: restore the key in ENCRYPTION_KEYS, or accept the loss',
    );
  for (const each of returned)
    logger.error(
      each,
      'another process still encrypts with this key: restart it with the new key first, then rerun',
    );
  const isDone = unreadable.length + returned.length === 0;
  if (isDone)
    logger.info('everything is encrypted with the first key: the other keys can be removed');
  return isDone ? 0 : 1;
}

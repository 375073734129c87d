import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';

import { messageOf } from '../../lib/errors.js';
import type { CommandWorld } from '../open-store.js';

const USAGE =
  'Usage: npm run export-audit -- --client ID --from ISO-TIME --to ISO-TIME [--after RECORD_ID] [--out FILE]';

/** Number of records between progress lines in the log. */
const TOLD_EVERY = 10_000;

/**
 * Exports audit records as JSON Lines, oldest first. The logged `written` and `after` cover only
 * records that have been written out, so an interrupted export can continue with `--after`.
 */
export async function exportAudit(
  {
    store,
    logger,
  }: {
    readonly store: Pick<CommandWorld['store'], 'exportAudit'>;
    readonly logger: CommandWorld['logger'];
  },
  args: readonly string[],
): Promise<number> {
  const { out, ...range } = readRange(args);
  const target = await openTarget(out, range.after !== null);
  let written = 0;
  let after = range.after;
  try {
    for await (const records of store.exportAudit(range)) {
      const lines = records.map((record) => `${JSON.stringify(record)}\n`);
      await write(target, lines.join(''));
      const before = written;
      written += records.length;
      after = records.at(-1)?.id ?? after;
      if (Math.floor(written / TOLD_EVERY) > Math.floor(before / TOLD_EVERY))
        logger.info({ written, after }, 'export progress');
    }
  } catch (error) {
    logger.error({ written, after }, 'export interrupted, continue with --after');
    throw error;
  }
  if (out !== null) await new Promise<void>((done) => target.end(done));
  logger.info({ written, after }, 'export finished');
  return 0;
}

function readRange(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const { client, from, to, after, out } = parse();
  return {
    clientId: uuid('client', client),
    from: time('from', from),
    to: time('to', to),
    after: after === undefined ? null : uuid('after', after),
    out: out ?? null,
  };

  function parse() {
    try {
      return parseArgs({
        args: [...args],
        options: { client: text, from: text, to: text, after: text, out: text },
      }).values;
    } catch (error) {
      throw usage(messageOf(error));
    }
  }
}

function time(name: string, text: string | undefined): Date {
  const date = new Date(text ?? '');
  if (Number.isNaN(date.getTime()))
    throw usage(`--${name} must be a time such as 2026-11-01T00:00:00Z`);
  return date;
}

function uuid(name: string, text: string | undefined): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text ?? ''))
    throw usage(`--${name} must be a UUID`);
  return text ?? '';
}

const usage = (fault: string) => new Error(`${fault}\n${USAGE}`);

/** Never overwrites an existing file. A continued export appends to it. */
async function openTarget(out: string | null, goesOn: boolean): Promise<Writable> {
  if (out === null) return process.stdout;
  const file = createWriteStream(out, { flags: goesOn ? 'a' : 'wx', mode: 0o600 });
  await new Promise<void>((resolve, reject) => {
    file.once('open', () => resolve()).once('error', reject);
  });
  return file;
}

/** Resolves once the text has been written, so that at most one page is in memory. */
async function write(target: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    target.once('error', reject);
    target.write(text, (error) => {
      target.off('error', reject);
      if (error) reject(error);
      else resolve();
    });
  });
}

import { describe, expect, test } from 'vitest';

import { exportAudit } from '../../../services/connector/commands/export-audit.js';
import { silentLogger } from '../../../services/lib/logger.js';

const CLIENT = '0192f000-0000-7000-8000-000000000001';
const good = {
  '--client': CLIENT,
  '--from': '2026-01-01T00:00:00Z',
  '--to': '2026-02-01T00:00:00Z',
};

const run = async (args: readonly string[]) =>
  exportAudit(
    {
      store: {
        exportAudit() {
          throw new Error('the store was asked');
        },
      },
      logger: silentLogger,
    },
    args,
  );

describe('export-audit', () => {
  test.each([
    ['a client that is none', { '--client': 'x' }, '--client must be a UUID'],
    ['a time that is none', { '--from': 'yesterday' }, '--from must be a time'],
    ['no end', { '--to': '' }, '--to must be a time'],
    ['a place that is none', { '--after': '12' }, '--after must be a UUID'],
    ['an unknown option', { '--everything': 'x' }, "'--everything'"],
  ])('refuses %s, and shows its usage', async (_, given, fault) => {
    const running = run(Object.entries({ ...good, ...given }).flat());

    await expect(running).rejects.toThrow(fault);
    await expect(running).rejects.toThrow('Usage: npm run export-audit');
  });

  test('reads the range from the store if all options are valid', async () => {
    await expect(run(Object.entries(good).flat())).rejects.toThrow('the store was asked');
  });
});

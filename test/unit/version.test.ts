import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { VERSION } from '../../services/connector.js';

test('the version sent to Discord is the package’s', () => {
  const file = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');

  expect(VERSION).toBe(z.object({ version: z.string() }).parse(JSON.parse(file)).version);
});

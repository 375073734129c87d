import { createHash, randomBytes } from 'node:crypto';

import { readApiKeys } from './lib/key-entries.js';

/** `npm run key -- NAME SCOPE+SCOPE [CLIENT_ID+CLIENT_ID]`: makes an API key; only its hash need be kept. */
const [name = 'service', scopes = 'discord:read+discord:write', clientIds] =
  process.argv.slice(2);

const key = `dc_${randomBytes(32).toString('base64url')}`;
const hash = createHash('sha256').update(key).digest('hex');
const entry = [
  name,
  scopes,
  hash,
  ...(clientIds === undefined ? [] : [clientIds]),
].join(':');

const { faults } = readApiKeys(entry);
if (faults.length > 0 || entry.includes(',')) {
  process.stderr.write(
    'Usage: npm run key -- NAME SCOPE+SCOPE [CLIENT_ID+CLIENT_ID]\nScopes: discord:read, discord:write, discord:admin\n',
  );
  process.exitCode = 1;
} else {
  process.stdout.write(
    `Key, for the caller (shown once): ${key}\nEntry, for API_KEYS: ${entry}\n`,
  );
}

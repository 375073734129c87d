import { createHash, randomBytes } from 'node:crypto';

import { readApiKeys, readEncryptionKeys } from './lib/key-entries.js';

/**
 * `npm run key -- NAME SCOPE+SCOPE [CLIENT_ID+CLIENT_ID]` makes an API key; the service stores only
 * its hash. `npm run key -- encryption [ID]` makes an entry for ENCRYPTION_KEYS.
 */
const [first, second] = process.argv.slice(2);
if (first === 'encryption') makeEncryptionKey(second);
else makeApiKey(process.argv.slice(2));

function makeApiKey(args: readonly string[]): void {
  const [name = 'service', scopes = 'discord:read+discord:write', clientIds] = args;

  const key = `dc_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(key).digest('hex');
  const entry = [name, scopes, hash, ...(clientIds === undefined ? [] : [clientIds])].join(':');

  const { faults } = readApiKeys(entry);
  if (faults.length > 0 || entry.includes(',')) {
    process.stderr.write(
      'Usage: npm run key -- NAME SCOPE+SCOPE [CLIENT_ID+CLIENT_ID]\nScopes: discord:read, discord:write, discord:admin\n',
    );
    process.exitCode = 1;
  } else {
    process.stdout.write(`Key for the caller (shown once): ${key}\nEntry for API_KEYS: ${entry}\n`);
  }
}

/** Prints a new encryption key. It is secret: keep it only in the settings. */
function makeEncryptionKey(id = `k${new Date().toISOString().slice(0, 10)}`): void {
  const entry = `${id}:${randomBytes(32).toString('base64')}`;
  if (readEncryptionKeys(entry).faults.length > 0) {
    process.stderr.write(
      'Usage: npm run key -- encryption [ID]\nAn id consists of letters, digits, "-" and "_". Never reuse one for another key.\n',
    );
    process.exitCode = 1;
    return;
  }
  process.stdout.write(
    `Entry for ENCRYPTION_KEYS: ${entry}\nAppend it on every process, then move it to the front, run "npm run reencrypt" and remove the old key. See ops/keys.md.\n`,
  );
}

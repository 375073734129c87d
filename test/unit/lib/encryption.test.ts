import { expect, test } from 'vitest';

import { createKeyRing } from '../../../services/lib/encryption.js';

const older = { id: '2025', key: Buffer.alloc(32, 1) };
const newer = { id: '2026', key: Buffer.alloc(32, 2) };

test('an encrypted secret is unreadable, and decrypts to the original', () => {
  const ring = createKeyRing([newer]);

  const cipherText = ring.encrypt('bot token', 'botToken of client 1');

  expect(cipherText).toMatch(/^2026\./);
  expect(cipherText).not.toContain('bot token');
  expect(ring.decrypt(cipherText, 'botToken of client 1')).toBe('bot token');
});

test('encrypting the same secret twice gives different texts', () => {
  const ring = createKeyRing([newer]);

  expect(ring.encrypt('x', 'c')).not.toBe(ring.encrypt('x', 'c'));
});

test('the first key encrypts, every key decrypts', () => {
  const before = createKeyRing([older]).encrypt('x', 'c');
  const ring = createKeyRing([newer, older]);

  expect(ring.decrypt(before, 'c')).toBe('x');
  expect(ring.encrypt('x', 'c')).toMatch(/^2026\./);
});

test('the error about a missing key names the key and the secret that is unreadable', () => {
  const cipherText = createKeyRing([older]).encrypt('x', 'botToken of client 1');

  expect(() => createKeyRing([newer]).decrypt(cipherText, 'botToken of client 1')).toThrow(
    'the key "2025" that encrypted botToken of client 1 is missing from ENCRYPTION_KEYS',
  );
});

test('a secret moved to another record does not decrypt', () => {
  const ring = createKeyRing([newer]);
  const cipherText = ring.encrypt('x', 'botToken of client 1');

  expect(() => ring.decrypt(cipherText, 'botToken of client 2')).toThrow();
});

test('a tampered secret does not decrypt', () => {
  const ring = createKeyRing([newer]);
  const [id, iv, tag] = ring.encrypt('x', 'c').split('.');

  expect(() => ring.decrypt([id, iv, tag, 'AAAA'].join('.'), 'c')).toThrow();
  expect(() => ring.decrypt('2026.AA.AA.AA', 'c')).toThrow();
});

test('the error about a different key with the same id names the key and the secret that is unreadable', () => {
  const cipherText = createKeyRing([older]).encrypt('x', 'botToken of client 1');
  const ring = createKeyRing([{ id: older.id, key: newer.key }]);

  expect(() => ring.decrypt(cipherText, 'botToken of client 1')).toThrow(
    'botToken of client 1 cannot be decrypted: the value was altered, or the key "2025" in ENCRYPTION_KEYS differs from the one that encrypted it',
  );
});

test('a key ring without keys is refused', () => {
  expect(() => createKeyRing([])).toThrow('ENCRYPTION_KEYS');
});

import { expect, test } from 'vitest';

import { createKeyRing } from '../../../services/lib/encryption.js';

const older = { id: '2025', key: Buffer.alloc(32, 1) };
const newer = { id: '2026', key: Buffer.alloc(32, 2) };

test('what was encrypted is decrypted, and is not readable in between', () => {
  const ring = createKeyRing([newer]);

  const cipherText = ring.encrypt('bot token', 'botToken of client 1');

  expect(cipherText).toMatch(/^2026\./);
  expect(cipherText).not.toContain('bot token');
  expect(ring.decrypt(cipherText, 'botToken of client 1')).toBe('bot token');
});

test('the same secret is never encrypted to the same text', () => {
  const ring = createKeyRing([newer]);

  expect(ring.encrypt('x', 'c')).not.toBe(ring.encrypt('x', 'c'));
});

test('the first key encrypts, every key decrypts', () => {
  const before = createKeyRing([older]).encrypt('x', 'c');
  const ring = createKeyRing([newer, older]);

  expect(ring.decrypt(before, 'c')).toBe('x');
  expect(ring.encrypt('x', 'c')).toMatch(/^2026\./);
});

test('a lost key is named, with what it makes unreadable', () => {
  const cipherText = createKeyRing([older]).encrypt('x', 'botToken of client 1');

  expect(() => createKeyRing([newer]).decrypt(cipherText, 'botToken of client 1')).toThrow(
    'the key "2025" that encrypted botToken of client 1 is missing from ENCRYPTION_KEYS',
  );
});

test('a secret that was moved into the place of another does not decrypt', () => {
  const ring = createKeyRing([newer]);
  const cipherText = ring.encrypt('x', 'botToken of client 1');

  expect(() => ring.decrypt(cipherText, 'botToken of client 2')).toThrow();
});

test('a secret that was tampered with does not decrypt', () => {
  const ring = createKeyRing([newer]);
  const [id, iv, tag] = ring.encrypt('x', 'c').split('.');

  expect(() => ring.decrypt([id, iv, tag, 'AAAA'].join('.'), 'c')).toThrow();
  expect(() => ring.decrypt('2026.AA.AA.AA', 'c')).toThrow();
});

test('another key under the same id is named, with what it cannot read', () => {
  const cipherText = createKeyRing([older]).encrypt('x', 'botToken of client 1');
  const ring = createKeyRing([{ id: older.id, key: newer.key }]);

  expect(() => ring.decrypt(cipherText, 'botToken of client 1')).toThrow(
    'botToken of client 1 cannot be decrypted: the value was altered, or the key "2025" in ENCRYPTION_KEYS differs from the one that encrypted it',
  );
});

test('a ring without keys is refused', () => {
  expect(() => createKeyRing([])).toThrow('ENCRYPTION_KEYS');
});

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { TerminalError } from './errors.js';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/**
 * A set of AES-256-GCM keys: the first encrypts, all of them decrypt. A ciphertext is
 * `id.iv.tag.data`; all parts but the id are base64url. `context` (the kind of secret and its
 * owner) is authenticated too, so that a secret cannot be moved to another row.
 */
export interface KeyRing {
  /** Ids of all keys; the first key encrypts. */
  readonly keyIds: readonly string[];
  encrypt(plain: string, context: string): string;
  /**
   * Throws LostKeyError if the key is missing, if a different key has its id, or if the ciphertext
   * was altered or belongs to another context.
   */
  decrypt(cipherText: string, context: string): string;
}

/**
 * No configured key decrypts the value. A retry helps only after the key is restored or the secret
 * is set again.
 */
export class LostKeyError extends TerminalError {
  constructor(
    readonly keyId: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super('LOST_KEY', message, options);
    this.name = 'LostKeyError';
  }
}

/** Returns the key id of a ciphertext; it is not secret. */
export const keyIdOf = (cipherText: string): string => cipherText.split('.', 1)[0] ?? '';

const ALGORITHM = 'aes-256-gcm';

export function createKeyRing(keys: readonly EncryptionKey[]): KeyRing {
  const [first] = keys;
  if (first === undefined) throw new Error('ENCRYPTION_KEYS contains no key');
  const byId = new Map(keys.map((key) => [key.id, key.key]));
  return {
    keyIds: keys.map((key) => key.id),
    encrypt(plain, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv(ALGORITHM, first.key, iv).setAAD(Buffer.from(context));
      const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return [
        first.id,
        ...[iv, cipher.getAuthTag(), data].map((part) => part.toString('base64url')),
      ].join('.');
    },
    decrypt(cipherText, context) {
      const id = keyIdOf(cipherText);
      const key = byId.get(id);
      if (key === undefined)
        throw new LostKeyError(
          id,
          `the key "${id}" that encrypted ${context} is missing from ENCRYPTION_KEYS`,
        );
      try {
        return decryptWith(key, cipherText, context);
      } catch (cause) {
        throw new LostKeyError(
          id,
          `${context} cannot be decrypted: the value was altered, or the key "${id}" in ENCRYPTION_KEYS differs from the one that encrypted it`,
          { cause },
        );
      }
    },
  };
}

function decryptWith(key: Buffer, cipherText: string, context: string): string {
  const [, iv = '', tag = '', data = ''] = cipherText.split('.');
  const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), {
    authTagLength: 16,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(Buffer.from(tag, 'base64url'));
  return Buffer.concat([
    decipher.update(Buffer.from(data, 'base64url')),
    decipher.final(),
  ]).toString('utf8');
}

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/**
 * A ring of AES-256-GCM keys: the first encrypts, all decrypt. Ciphertext reads `id.iv.tag.data`, each but the id in base64url.
 * `context` (what is encrypted, and whose) is authenticated with it, so that one secret cannot be moved into another's place.
 */
export interface KeyRing {
  encrypt(plain: string, context: string): string;
  /** Throws when the key is not in the ring, or when the text was changed or stands in another's place. */
  decrypt(cipherText: string, context: string): string;
}

const ALGORITHM = 'aes-256-gcm';

export function createKeyRing(keys: readonly EncryptionKey[]): KeyRing {
  const [first] = keys;
  if (first === undefined) throw new Error('ENCRYPTION_KEYS holds no key');
  const byId = new Map(keys.map((key) => [key.id, key.key]));
  return {
    encrypt(plain, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv(ALGORITHM, first.key, iv).setAAD(
        Buffer.from(context),
      );
      const data = Buffer.concat([
        cipher.update(plain, 'utf8'),
        cipher.final(),
      ]);
      return [
        first.id,
        ...[iv, cipher.getAuthTag(), data].map((part) =>
          part.toString('base64url'),
        ),
      ].join('.');
    },
    decrypt(cipherText, context) {
      const [id = '', iv = '', tag = '', data = ''] = cipherText.split('.');
      const key = byId.get(id);
      if (key === undefined)
        throw new Error(
          `the key "${id}" that encrypted ${context} is not among ENCRYPTION_KEYS`,
        );
      const decipher = createDecipheriv(
        ALGORITHM,
        key,
        Buffer.from(iv, 'base64url'),
        { authTagLength: 16 },
      )
        .setAAD(Buffer.from(context))
        .setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([
        decipher.update(Buffer.from(data, 'base64url')),
        decipher.final(),
      ]).toString('utf8');
    },
  };
}

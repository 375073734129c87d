import { defineEntity, p } from '@mikro-orm/core';

/** Events waiting for the broker, in the order they were written. */
export const OutboxEntity = defineEntity({
  name: 'Outbox',
  tableName: 'outbox',
  properties: {
    position: p.bigint('number').primary().autoincrement().generated('identity'),
    id: p.uuid().$type<string>(),
    key: p.text(),
    type: p.text(),
    subject: p.text().nullable(),
    time: p.datetime(),
    data: p.json().$type<unknown>(),
  },
});

/** Mutations with an `Idempotency-Key`, and their responses. */
export const IdempotentRequestEntity = defineEntity({
  name: 'IdempotentRequest',
  tableName: 'idempotent_request',
  comment:
    'in progress while answer is null; the key becomes free when the lease of a dead process expires',
  properties: {
    caller: p.text().primary(),
    keyHash: p.text().primary().comment('SHA-256, because a caller may put anything into a key'),
    fingerprint: p.text().comment(`hash of the operation, its variables and the caller's rights`),
    claim: p.uuid().$type<string>(),
    leasedUntil: p.datetime(),
    answer: p.text().nullable().comment('gzipped, then AES-256-GCM, prefixed with the key id'),
    keptUntil: p.datetime(),
  },
  indexes: [{ name: 'idempotent_request_expiry', properties: ['keptUntil'] }],
});

/** The row that a process writes to test whether the database accepts writes again. */
export const WriteProbeEntity = defineEntity({
  name: 'WriteProbe',
  tableName: 'write_probe',
  properties: {
    isOnly: p.boolean().primary().check('is_only'),
    writtenAt: p.datetime(),
  },
});

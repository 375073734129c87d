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

/** Mutations with an `Idempotency-Key`, and their answers. */
export const IdempotentRequestEntity = defineEntity({
  name: 'IdempotentRequest',
  tableName: 'idempotent_request',
  comment:
    'under way while there is no answer; free again when the lease of a process that died runs out',
  properties: {
    caller: p.text().primary(),
    keyHash: p.text().primary().comment('SHA-256: a caller may put anything into a key'),
    fingerprint: p
      .text()
      .comment('of the operation, its variables and the rights it was asked with'),
    claim: p.uuid().$type<string>(),
    leasedUntil: p.datetime(),
    answer: p.text().nullable().comment('AES-256-GCM, key id in front; packed by gzip before'),
    keptUntil: p.datetime(),
  },
  indexes: [{ name: 'idempotent_request_expiry', properties: ['keptUntil'] }],
});

/** The row that a process writes to learn whether the database takes writes again. */
export const WriteProbeEntity = defineEntity({
  name: 'WriteProbe',
  tableName: 'write_probe',
  properties: {
    isOnly: p.boolean().primary().check('is_only'),
    writtenAt: p.datetime(),
  },
});

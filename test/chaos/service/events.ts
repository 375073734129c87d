import type { Message } from 'kafkajs';

import type { PlatformFact } from '../../../services/model.js';

/** The fact as a CloudEvent; every other one in binary mode. */
export function eventOf(fact: PlatformFact, count: number, partitions: number): Message {
  const { type, data, key } = wordsOf(fact);
  const { sequence, timeUs } = fact.order;
  const attributes = {
    specversion: '1.0',
    id: `event-${count}`,
    source: '/platform',
    type,
    time: `1970-01-01T00:00:00.${String(timeUs).padStart(6, '0')}Z`,
  };
  const payload = { ...data, ...(sequence !== null && { sequence }) };
  const partition = hashOf(key) % partitions;
  if (count % 2 === 0)
    return {
      partition,
      key,
      value: JSON.stringify({ ...attributes, data: payload }),
      headers: { 'content-type': 'application/cloudevents+json' },
    };
  const heads = Object.entries(attributes).map(([name, text]) => [`ce_${name}`, text]);
  return {
    partition,
    key,
    value: JSON.stringify(payload),
    headers: {
      'content-type': 'application/json',
      ...Object.fromEntries(heads),
    },
  };
}

function wordsOf(fact: PlatformFact) {
  if (fact.kind === 'groupChanged' || fact.kind === 'groupDeleted') return groupWords(fact);
  if (fact.kind === 'userChanged' || fact.kind === 'userDeleted') return userWords(fact);
  const { platformUserId: userId } = fact;
  const said =
    fact.kind === 'membershipChanged'
      ? { groupId: fact.groupId, change: fact.change }
      : { groupIds: fact.groupIds };
  const what = 'change' in said ? 'changed' : 'snapshot';
  return {
    type: `platform.group.membership.${what}.v1`,
    key: userId,
    data: { userId, ...said },
  };
}

type Of<Kind extends PlatformFact['kind']> = Extract<PlatformFact, { readonly kind: Kind }>;

function userWords(fact: Of<'userChanged' | 'userDeleted'>) {
  const { platformUserId: userId } = fact;
  const what = fact.kind === 'userDeleted' ? 'deleted' : 'changed';
  return { type: `platform.user.${what}.v1`, key: userId, data: { userId } };
}

function groupWords(fact: Of<'groupChanged' | 'groupDeleted'>) {
  const { groupId } = fact;
  const what = fact.kind === 'groupDeleted' ? 'deleted' : 'changed';
  const name = fact.kind === 'groupChanged' ? fact.name : undefined;
  const data = { groupId, ...(name !== undefined && { name }) };
  return { type: `platform.group.${what}.v1`, key: groupId, data };
}

function hashOf(text: string): number {
  return Buffer.from(text).reduce((sum, byte) => sum + byte, 0);
}

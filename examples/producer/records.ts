import { randomUUID } from 'node:crypto';

/** A record as kafkajs sends it. */
export interface EventRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Moment {
  /** Stays the same when the event is sent again: best the id of the row that it is made from. */
  readonly id?: string;
  /** When it became true. */
  readonly time?: Date;
}

export interface MembershipChange extends Moment {
  readonly userId: string;
  readonly groupId: string;
  readonly change: 'added' | 'removed';
  /** The number of the change in your database, if it has one: it outranks every time. */
  readonly sequence?: number;
}

export interface MembershipSnapshot extends Moment {
  readonly userId: string;
  /** The user's whole set: in these groups, and in no other. */
  readonly groupIds: readonly string[];
  readonly sequence?: number;
}

const SOURCE = '/platform/groups';

/** The key is the user's id, so that the events of one user stay in order. */
export function membershipChanged(event: MembershipChange): EventRecord {
  const { userId, groupId, change, sequence } = event;
  const data = { userId, groupId, change, sequence };
  return toRecord('platform.group.membership.changed.v1', userId, event, data);
}

export function membershipSnapshot(event: MembershipSnapshot): EventRecord {
  const { userId, groupIds, sequence } = event;
  const data = { userId, groupIds, sequence };
  return toRecord('platform.group.membership.snapshot.v1', userId, event, data);
}

/** A CloudEvent in structured mode; members that are undefined are left out of JSON. */
function toRecord(
  type: string,
  key: string,
  moment: Moment,
  data: Readonly<Record<string, unknown>>,
): EventRecord {
  const value = JSON.stringify({
    specversion: '1.0',
    id: moment.id ?? randomUUID(),
    source: SOURCE,
    type,
    subject: key,
    time: (moment.time ?? new Date()).toISOString(),
    datacontenttype: 'application/json',
    data,
  });
  return {
    key,
    value,
    headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
  };
}

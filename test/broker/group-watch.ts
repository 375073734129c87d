import type { Admin } from 'kafkajs';
import { expect } from 'vitest';

import { soon } from '../support/soon.js';
import { plainClient, type Cleanup } from './events-setting.js';

/** What the broker itself knows of a group that reads one topic. */
export interface GroupWatch {
  /** By partition; 0 where nothing is committed. */
  committed(): Promise<readonly number[]>;
  lag(): Promise<number>;
  members(): Promise<readonly string[]>;
  state(): Promise<string>;
  /** Until all is read and committed. */
  caughtUp(): Promise<void>;
  readonly admin: Admin;
}

export async function watchGroup(
  brokers: string,
  { topic, groupId }: { readonly topic: string; readonly groupId: string },
  cleanup: Cleanup,
): Promise<GroupWatch> {
  const admin = plainClient(brokers).admin();
  cleanup.add(async () => admin.disconnect());
  await admin.connect();

  const committed = async () => {
    const [its] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const offsets: number[] = [];
    for (const { partition, offset } of its?.partitions ?? []) {
      offsets[partition] = Math.max(0, Number(offset));
    }
    return offsets;
  };
  const lag = async () => {
    const ends = await admin.fetchTopicOffsets(topic);
    const done = await committed();
    return ends.reduce(
      (sum, { partition, high }) => sum + Number(high) - (done[partition] ?? 0),
      0,
    );
  };
  const group = async () => (await admin.describeGroups([groupId])).groups[0];

  return {
    admin,
    committed,
    lag,
    members: async () => (await group())?.members.map((m) => m.memberId) ?? [],
    state: async () => String((await group())?.state),
    caughtUp: async () => soon(async () => expect(await lag()).toBe(0)),
  };
}

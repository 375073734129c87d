import { setTimeout as sleep } from 'node:timers/promises';

import type { SandboxCall } from 'sandbox-discord';

import type { MembershipEvent, PlatformTopic } from './platform-topic.js';
import { mappedGroup, type StockedMember } from './stock-store.js';

export const EVENTS_PER_SECOND = 100;
/** One event in five changes a role. */
const CHANGES_IN = 5;

/** Events at random moments, and how long each role change took to arrive at Discord. */
export interface Load {
  run(seconds: number): Promise<void>;
  arrived(call: SandboxCall): void;
  forget(): void;
  result(): LoadResult;
}

export interface LoadResult {
  readonly tookMs: readonly number[];
  /** Changes that no call has answered yet. */
  readonly missing: number;
  /** Calls that no change asked for, or that were refused. */
  readonly strays: number;
}

export function createLoad(options: {
  readonly members: readonly StockedMember[];
  readonly topic: PlatformTopic;
}): Load {
  const { members, topic } = options;
  const random = seededRandom();
  const sentAt = new Map<string, number>();
  let tookMs: number[] = [];
  let strays = 0;
  let sequence = 0;

  const send = (event: MembershipEvent) => topic.send([event]);

  /** Half of them about people nobody has linked, half about groups nobody has mapped. */
  const idleEvent = (): MembershipEvent => {
    sequence += 1;
    const someone = Math.floor(random() * members.length);
    const isUnlinked = sequence % 2 === 0;
    return {
      platformUserId: isUnlinked ? `unlinked-${someone}` : (members[someone]?.platformUserId ?? ''),
      groupId: isUnlinked ? mappedGroup(someone % 5) : `plain-${someone % 50}`,
      change: random() < 0.5 ? 'added' : 'removed',
      sequence,
    };
  };

  let turn = 0;
  const sendNext = (count: number): Promise<void> => {
    if (count % CHANGES_IN !== 0) return send(idleEvent());
    const { key, ...change } = changeOf(members, turn);
    turn += 1;
    sequence += 1;
    sentAt.set(key, performance.now());
    return send({ ...change, sequence });
  };

  return {
    async run(seconds) {
      const sending: Promise<void>[] = [];
      const startedAt = performance.now();
      let dueMs = 0;
      for (let count = 0; count < seconds * EVENTS_PER_SECOND; count += 1) {
        dueMs += (-Math.log(1 - random()) * 1_000) / EVENTS_PER_SECOND;
        const waitMs = startedAt + dueMs - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        sending.push(sendNext(count));
      }
      await Promise.all(sending);
    },
    arrived({ method, path, status }) {
      const key = `${method} ${path}`;
      const at = sentAt.get(key);
      if (at === undefined || status !== 204) strays += 1;
      else tookMs.push(performance.now() - at);
      sentAt.delete(key);
    },
    forget() {
      tookMs = [];
      strays = 0;
      sentAt.clear();
    },
    result: () => ({ tookMs, missing: sentAt.size, strays }),
  };
}

/** Members take turns; each gains and loses one role after the other. */
export function changeOf(members: readonly StockedMember[], turn: number) {
  const member = members[turn % members.length];
  if (member === undefined) throw new Error('there are no members');
  const round = Math.floor(turn / members.length);
  const index = Math.floor(round / 2) % member.guild.roleIds.length;
  const change = round % 2 === 0 ? 'added' : 'removed';
  const method = change === 'added' ? 'PUT' : 'DELETE';
  const path = `${member.guild.guildId}/members/${member.discordUserId}/roles/${member.guild.roleIds[index]}`;
  return {
    key: `${method} /api/v10/guilds/${path}`,
    groupId: mappedGroup(index),
    platformUserId: member.platformUserId,
    change,
  } as const;
}

/** Park and Miller's: the same load in every run. */
function seededRandom(): () => number {
  let state = 20_260_314;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

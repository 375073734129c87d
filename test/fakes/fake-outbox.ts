import type { Outbox } from '../../services/events/ports.js';
import type { OutboxEvent } from '../../services/model.js';

export interface FakeOutbox extends Outbox {
  add(...ids: readonly string[]): void;
  /** As its database would: tells whoever listens. */
  call(): void;
  waiting(): readonly string[];
  isListenedTo(): boolean;
  /** Whether a drain is under way. */
  isHeld(): boolean;
}

export function createFakeOutbox(): FakeOutbox {
  let events: OutboxEvent[] = [];
  let position = 0;
  let wake: (() => void) | null = null;
  let isHeld = false;
  return {
    add: (...ids) => {
      for (const id of ids) events.push(outboxEvent(id, (position += 1)));
    },
    call: () => wake?.(),
    waiting: () => events.map(({ id }) => id),
    isListenedTo: () => wake !== null,
    isHeld: () => isHeld,
    drain: async (limit, send) => {
      const taken = events.slice(0, limit);
      if (taken.length === 0) return 0;
      isHeld = true;
      try {
        await send(taken);
      } finally {
        isHeld = false;
      }
      events = events.slice(taken.length);
      return taken.length;
    },
    onPending: async (callback) => {
      wake = callback;
      return async () => {
        wake = null;
      };
    },
  };
}

function outboxEvent(id: string, position: number): OutboxEvent {
  return {
    id,
    position,
    key: 'user-7',
    type: 'discord.user.linked.v1',
    subject: 'user-7',
    time: new Date('2026-03-14T15:09:26.535Z'),
    data: { linkId: id },
  };
}

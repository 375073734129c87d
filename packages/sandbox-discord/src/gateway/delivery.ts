import { dispatch } from './event-stream.js';
import type { GatewayFaultField } from './gateway-faults.js';
import type { Session } from './sessions.js';

/** An event for one session, its body as JSON. */
export type GatewayEvent = {
  readonly name: string;
  readonly guildId: string | undefined;
  readonly body: string;
};

type Pending = {
  readonly session: Session;
  readonly event: GatewayEvent;
  readonly timer: NodeJS.Timeout;
};

const SWAP_AT_LATEST_MS = 1000;

/** Sends events in the order they happened, but for the planted faults. */
export function createDelivery({
  faults,
  replayCharacters,
}: {
  readonly faults: Pick<GatewayFaultField, 'meetEvent'>;
  readonly replayCharacters: number;
}) {
  const pending = new Set<Pending>();
  /** Those that change places with their session's next event. */
  const swapped = new Map<Session, Pending>();

  const release = (one: Pending): void => {
    if (!pending.delete(one)) return;
    clearTimeout(one.timer);
    if (swapped.get(one.session) === one) swapped.delete(one.session);
    dispatch(one.session, one.event, replayCharacters);
  };
  const hold = (session: Session, event: GatewayEvent, ms: number): Pending => {
    const one = { session, event, timer: setTimeout(() => release(one), ms).unref() };
    pending.add(one);
    return one;
  };
  const send = (session: Session, event: GatewayEvent): void => {
    const held = swapped.get(session);
    dispatch(session, event, replayCharacters);
    if (held) release(held);
  };

  return {
    /** For READY. */
    deliverWithoutFaults: (session: Session, event: GatewayEvent): void =>
      dispatch(session, event, replayCharacters),
    deliver(session: Session, event: GatewayEvent): void {
      const { applicationId } = session;
      const effect = faults.meetEvent({ ...event, applicationId });
      switch (effect?.kind) {
        case undefined:
          return send(session, event);
        case 'drop':
          return;
        case 'double':
          send(session, event);
          return send(session, event);
        case 'delay':
          hold(session, event, effect.ms);
          return;
        case 'reorder':
          if (swapped.has(session)) return send(session, event);
          swapped.set(session, hold(session, event, effect.ms ?? SWAP_AT_LATEST_MS));
      }
    },
    /** Sends all that was held back. */
    flush(): void {
      for (const one of pending) release(one);
    },
    stop(): void {
      for (const one of pending) clearTimeout(one.timer);
      pending.clear();
      swapped.clear();
    },
  };
}

export type Delivery = ReturnType<typeof createDelivery>;

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
  /** Changes places with the session's next event. */
  readonly isSwapped: boolean;
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

  const release = (one: Pending): void => {
    if (!pending.delete(one)) return;
    clearTimeout(one.timer);
    dispatch(one.session, one.event, replayCharacters);
  };
  const hold = (session: Session, event: GatewayEvent, ms: number, isSwapped: boolean): void => {
    const one = {
      session,
      event,
      isSwapped,
      timer: setTimeout(() => release(one), ms).unref(),
    };
    pending.add(one);
  };
  const swappedIn = (session: Session) =>
    [...pending].find((one) => one.isSwapped && one.session === session);
  const send = (session: Session, event: GatewayEvent): void => {
    const held = swappedIn(session);
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
          return hold(session, event, effect.ms, false);
        case 'reorder':
          if (swappedIn(session)) return send(session, event);
          return hold(session, event, effect.ms ?? SWAP_AT_LATEST_MS, true);
      }
    },
    /** Sends all that was held back. */
    flush(): void {
      for (const one of pending) release(one);
    },
    stop(): void {
      for (const one of pending) clearTimeout(one.timer);
      pending.clear();
    },
  };
}

export type Delivery = ReturnType<typeof createDelivery>;

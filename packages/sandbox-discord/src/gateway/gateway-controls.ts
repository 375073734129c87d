import { GatewayOpcodes } from 'discord-api-types/v10';

import { checkCloseCode, checkCloseReason } from './close-code.js';
import type { Connection } from './connection.js';
import type { Delivery } from './delivery.js';
import type { GatewayFaultField } from './gateway-faults.js';
import type {
  SandboxGateway,
  SandboxGatewaySettings,
  SandboxSessionFilter,
} from './gateway-interface.js';
import { sessionView, type Session, type Sessions } from './sessions.js';

type Deps = {
  readonly sessions: Sessions;
  readonly faults: GatewayFaultField;
  readonly delivery: Delivery;
  readonly settings: Pick<SandboxGatewaySettings, 'reconnectGraceMs'>;
  readonly clock: () => number;
  readonly onChange: () => void;
};

const UNKNOWN_ERROR = 4000;

/** What tests and the page do to live sessions. */
export function createGatewayControls(
  deps: Deps,
): Omit<SandboxGateway, 'isDown' | 'setDown' | 'setGuildUnavailable'> {
  const { sessions, faults, delivery, settings, clock, onChange } = deps;
  const each = (
    which: SandboxSessionFilter,
    act: (connection: Connection, session: Session) => void,
  ): void => {
    for (const session of sessions.matching(which))
      if (session.connection) act(session.connection, session);
    onChange();
  };

  return {
    sessions: () => sessions.live().map(sessionView),
    faults: {
      ...faults,
      clear() {
        faults.clear();
        delivery.flush();
      },
    },
    reconnect(which = {}) {
      each(which, (connection) => {
        connection.sendOpcode(GatewayOpcodes.Reconnect, null);
        const close = () => connection.close(UNKNOWN_ERROR, 'Reconnect.');
        setTimeout(close, settings.reconnectGraceMs).unref();
      });
    },
    invalidate({ isResumable = false, ...which } = {}) {
      each(which, (connection, session) => {
        connection.sendOpcode(GatewayOpcodes.InvalidSession, isResumable);
        // The connection is free again: some libraries resume or identify on it.
        if (isResumable) sessions.detach(session);
        else sessions.end(session);
      });
    },
    close({ code = UNKNOWN_ERROR, reason = '', ...which } = {}) {
      checkCloseCode(code);
      checkCloseReason(reason);
      each(which, (connection) => connection.close(code, reason));
    },
    cut(which = {}) {
      each(which, (connection) => connection.cut());
    },
    freeze({ isHalfOpen = false, ...which } = {}) {
      each(which, (connection, session) => {
        connection.freeze({ isHalfOpen });
        session.disconnectedAt = clock();
      });
    },
    requestHeartbeat(which = {}) {
      each(which, (connection) => connection.sendOpcode(GatewayOpcodes.Heartbeat, null));
    },
    inject({ payload, ...which }) {
      each(which, (connection) => connection.send(JSON.stringify(payload)));
    },
  };
}

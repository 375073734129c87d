import { randomBytes } from 'node:crypto';

import type { Connection } from './connection.js';
import type { SandboxSession, SandboxSessionFilter } from './gateway-interface.js';
import type { Shard } from './sharding.js';

/** What a bot asked for when it identified. */
export type Identified = {
  readonly applicationId: string;
  readonly botUserId: string;
  readonly shard: Shard;
  /** Whether the identify named the shard; READY repeats it only then. */
  readonly isShardNamed: boolean;
  readonly intents: number;
  readonly largeThreshold: number;
};

/** A bot's stream of events. It outlives its connection. */
export type Session = Identified & {
  readonly sessionId: string;
  readonly since: number;
  connection: Connection | undefined;
  /** When the last connection ended or froze; undefined while there is one. */
  disconnectedAt: number | undefined;
  hasEnded: boolean;
  lastHeartbeatAt: number | null;
  sequence: number;
  eventsSent: number;
  resumes: number;
  /** The latest events, oldest first, for a resume. */
  kept: KeptEvent[];
  keptCharacters: number;
  /** The sequence number of the last event that is no longer kept. */
  forgotten: number;
};

export type KeptEvent = { readonly sequence: number; readonly name: string; readonly body: string };

export type Sessions = ReturnType<typeof createSessions>;

/** Every session that is connected or can still be resumed. */
export function createSessions({
  clock,
  resumableMs,
}: {
  readonly clock: () => number;
  readonly resumableMs: number;
}) {
  const sessions = new Map<string, Session>();

  const isExpired = ({ disconnectedAt }: Session) =>
    disconnectedAt !== undefined && clock() - disconnectedAt > resumableMs;

  const end = (session: Session): void => {
    sessions.delete(session.sessionId);
    session.hasEnded = true;
    session.connection = undefined;
    session.kept = [];
  };

  const live = (): readonly Session[] => {
    for (const session of sessions.values()) {
      if (!isExpired(session)) continue;
      session.connection?.cut();
      end(session);
    }
    return [...sessions.values()];
  };

  return {
    live,
    end,
    /** The session has no connection, and waits for a resume. */
    detach(session: Session): void {
      session.connection = undefined;
      session.disconnectedAt = clock();
    },
    open(identified: Identified, connection: Connection): Session {
      const session = newSession(identified, clock());
      session.connection = connection;
      sessions.set(session.sessionId, session);
      return session;
    },
    find: (sessionId: string): Session | undefined =>
      live().find((session) => session.sessionId === sessionId),
    matching: (which: SandboxSessionFilter): readonly Session[] =>
      live().filter(
        (session) =>
          (which.sessionId === undefined || which.sessionId === session.sessionId) &&
          (which.applicationId === undefined || which.applicationId === session.applicationId) &&
          (which.shardId === undefined || which.shardId === session.shard[0]),
      ),
  };
}

function newSession(identified: Identified, now: number): Session {
  return {
    ...identified,
    sessionId: randomBytes(16).toString('hex'),
    since: now,
    connection: undefined,
    disconnectedAt: undefined,
    hasEnded: false,
    lastHeartbeatAt: null,
    sequence: 0,
    eventsSent: 0,
    resumes: 0,
    kept: [],
    keptCharacters: 0,
    forgotten: 0,
  };
}

/** A session as the page and tests see it. */
export function sessionView(session: Session): SandboxSession {
  const { connection } = session;
  const connectedState = connection?.isFrozen() ? 'frozen' : 'connected';
  return {
    sessionId: session.sessionId,
    applicationId: session.applicationId,
    shard: session.shard,
    intents: session.intents,
    since: session.since,
    state: connection ? connectedState : 'resumable',
    lastHeartbeatAt: session.lastHeartbeatAt,
    sequence: session.sequence,
    eventsSent: session.eventsSent,
    resumes: session.resumes,
    compression: connection?.compression() ?? 'none',
  };
}

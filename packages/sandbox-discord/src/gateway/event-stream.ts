import type { Connection } from './connection.js';
import type { KeptEvent, Session } from './sessions.js';

/** Gives the event its number, keeps it for a resume and sends it if there is a connection. */
export function dispatch(
  session: Session,
  { name, body }: { readonly name: string; readonly body: string },
  keptCharacters: number,
): void {
  if (session.hasEnded) return;
  session.sequence += 1;
  const event = { sequence: session.sequence, name, body };
  keep(session, event, keptCharacters);
  send(session, event);
}

/** False if events after this number are no longer kept. */
export function canReplay(session: Session, after: number): boolean {
  return after >= session.forgotten;
}

/** Moves the session to this connection and sends what came after the number. */
export function resumeOn(session: Session, connection: Connection, after: number): void {
  session.connection?.cut();
  session.connection = connection;
  session.disconnectedAt = undefined;
  session.resumes += 1;
  for (const event of session.kept) if (event.sequence > after) send(session, event);
  // It has a number, but belongs to this connection: no later resume sends it again.
  session.sequence += 1;
  send(session, { sequence: session.sequence, name: 'RESUMED', body: '{}' });
}

function send(session: Session, { sequence, name, body }: KeptEvent): void {
  if (!session.connection || session.connection.isFrozen()) return;
  session.eventsSent += 1;
  session.connection.send(`{"t":"${name}","s":${sequence},"op":0,"d":${body}}`);
}

/** Forgets the older half when there is too much, so that a storm does not copy at every event. */
function keep(session: Session, event: KeptEvent, characters: number): void {
  session.kept.push(event);
  session.keptCharacters += event.body.length;
  while (session.keptCharacters > characters && session.kept.length > 0) {
    const dropped = session.kept.splice(0, Math.ceil(session.kept.length / 2));
    session.keptCharacters -= dropped.reduce((sum, { body }) => sum + body.length, 0);
    session.forgotten = dropped.at(-1)?.sequence ?? session.forgotten;
  }
}

import { GatewayCloseCodes, GatewayOpcodes } from 'discord-api-types/v10';
import { z } from 'zod';

import { applicationWith } from '../callers.js';
import type { LiveWorld } from '../live-world.js';
import type { Connection, ConnectionHandler } from './connection.js';
import { canReplay, resumeOn } from './event-stream.js';
import type { GatewayFaultField } from './gateway-faults.js';
import type { SandboxGatewaySettings } from './gateway-interface.js';
import { judgeIdentify, readIdentify, type ReadIdentify } from './identify.js';
import { readMemberRequest, type MemberRequest } from './member-chunks.js';
import type { Identified, Session, Sessions } from './sessions.js';
import type { StartLimits } from './start-limits.js';

export type CommandHandlerDeps = {
  readonly world: LiveWorld;
  readonly sessions: Sessions;
  readonly starts: StartLimits;
  readonly faults: Pick<GatewayFaultField, 'meetIdentify'>;
  readonly settings: Pick<SandboxGatewaySettings, 'maxGuildsPerShard'>;
  readonly clock: () => number;
  /** Sends READY and the guilds. */
  readonly sendReady: (session: Session, connection: Connection) => void;
  readonly sendMembers: (session: Session, request: MemberRequest) => void;
  readonly onChange: () => void;
};

const Payload = z.looseObject({ op: z.int(), d: z.unknown().optional() });
const Opcode = z.enum(GatewayOpcodes);
const Heartbeat = z.int().nullish();
const Resume = z.looseObject({ token: z.string(), session_id: z.string(), seq: z.int().min(0) });
const Presence = z.looseObject({ status: z.string() });

type HandlerContext = { readonly deps: CommandHandlerDeps; readonly connection: Connection };

/**
 * What one connection's payloads do: identify or resume first, then requests.
 * In: payloads as text. Out: events, opcodes and close codes.
 * Never: two sessions on one connection, or a session on two.
 */
export function createCommandHandler(
  deps: CommandHandlerDeps,
  connection: Connection,
): ConnectionHandler {
  const context = { deps, connection };
  const current = () => deps.sessions.live().find((session) => session.connection === connection);
  return {
    receive(text) {
      const payload = Payload.safeParse(parsed(text)).data;
      if (!payload) return refuseMalformed(connection);
      const op = Opcode.safeParse(payload.op).data;
      if (op === undefined) return refuseUnknown(connection);
      const session = current();
      if (op === GatewayOpcodes.Heartbeat) heartbeat(context, session, payload.d);
      else if (session) receiveInSession(context, session, { op, data: payload.d });
      else receiveFirst(context, { op, data: payload.d });
    },
    closed({ endsSession }) {
      const session = current();
      if (session && endsSession) deps.sessions.end(session);
      if (session && !endsSession) deps.sessions.detach(session);
      deps.onChange();
    },
  };
}

const refuseMalformed = (connection: Connection) =>
  connection.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');

const refuseUnknown = (connection: Connection) =>
  connection.close(GatewayCloseCodes.UnknownOpcode, 'Unknown opcode.');

const refuseToken = (connection: Connection) =>
  connection.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');

function heartbeat(
  { deps, connection }: HandlerContext,
  session: Session | undefined,
  data: unknown,
): void {
  if (!Heartbeat.safeParse(data).success) return refuseMalformed(connection);
  connection.heartbeat();
  connection.sendOpcode(GatewayOpcodes.HeartbeatAck, null);
  if (session) session.lastHeartbeatAt = deps.clock();
  deps.onChange();
}

type Command = { readonly op: GatewayOpcodes; readonly data: unknown };

function receiveFirst({ deps, connection }: HandlerContext, { op, data }: Command): void {
  if (op === GatewayOpcodes.Identify) {
    const asked = readIdentify(data);
    return asked ? identify(deps, connection, asked) : refuseMalformed(connection);
  }
  if (op === GatewayOpcodes.Resume) {
    const asked = Resume.safeParse(data).data;
    return asked ? resume(deps, connection, asked) : refuseMalformed(connection);
  }
  connection.close(GatewayCloseCodes.NotAuthenticated, 'Not authenticated.');
}

/** Voice, sounds and channels, of which the sandbox has none. */
const ACCEPTED: ReadonlySet<GatewayOpcodes> = new Set([
  GatewayOpcodes.VoiceStateUpdate,
  GatewayOpcodes.RequestSoundboardSounds,
  GatewayOpcodes.RequestChannelInfo,
]);

function receiveInSession(
  { deps, connection }: HandlerContext,
  session: Session,
  { op, data }: Command,
): void {
  if (op === GatewayOpcodes.Identify || op === GatewayOpcodes.Resume)
    return connection.close(GatewayCloseCodes.AlreadyAuthenticated, 'Already authenticated.');
  if (op === GatewayOpcodes.RequestGuildMembers) {
    const request = readMemberRequest(data);
    return request ? deps.sendMembers(session, request) : refuseMalformed(connection);
  }
  if (op === GatewayOpcodes.PresenceUpdate) {
    if (!Presence.safeParse(data).success) refuseMalformed(connection);
    return;
  }
  if (!ACCEPTED.has(op)) refuseUnknown(connection);
}

/** Invalid session: the bot should wait a few seconds and identify. */
function refuseSession(connection: Connection, isResumable: boolean): void {
  connection.sendOpcode(GatewayOpcodes.InvalidSession, isResumable);
}

function identify(deps: CommandHandlerDeps, connection: Connection, asked: ReadIdentify): void {
  const { world, sessions, faults, starts, settings } = deps;
  const application = applicationWith(world, asked.token);
  if (!application) return refuseToken(connection);
  const fault = faults.meetIdentify(application.applicationId);
  if (fault?.kind === 'refuseIdentify') return connection.close(fault.code, 'A planted fault.');
  if (fault) return refuseSession(connection, false);
  const judged = judgeIdentify(asked, { world, application, ...settings });
  if ('code' in judged) return connection.close(judged.code, judged.reason);
  const start = starts.take(application.applicationId, judged.shard[0]);
  if (start === 'tooEarly') return refuseSession(connection, false);
  if (start === 'spent') {
    // Discord ends all sessions and resets the token, so that no identify succeeds any more.
    for (const session of sessions.matching({ applicationId: application.applicationId })) {
      if (session.connection) refuseToken(session.connection);
      sessions.end(session);
    }
    return refuseToken(connection);
  }
  openSession(deps, connection, { identified: judged, isCompressing: asked.compress === true });
}

function openSession(
  deps: CommandHandlerDeps,
  connection: Connection,
  {
    identified,
    isCompressing,
  }: { readonly identified: Identified; readonly isCompressing: boolean },
): void {
  if (isCompressing) connection.compressPayloads();
  deps.sendReady(deps.sessions.open(identified, connection), connection);
  deps.onChange();
}

/** Sends what the bot missed. A session it cannot have is refused with opcode 9. */
function resume(
  { world, sessions, onChange }: CommandHandlerDeps,
  connection: Connection,
  asked: z.infer<typeof Resume>,
): void {
  const application = applicationWith(world, asked.token);
  if (!application) return refuseToken(connection);
  const session = sessions.find(asked.session_id);
  if (session?.applicationId !== application.applicationId) return refuseSession(connection, false);
  if (asked.seq > session.sequence)
    return connection.close(GatewayCloseCodes.InvalidSeq, 'Invalid seq.');
  if (!canReplay(session, asked.seq)) {
    session.connection?.cut();
    sessions.end(session);
    return refuseSession(connection, false);
  }
  resumeOn(session, connection, asked.seq);
  onChange();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

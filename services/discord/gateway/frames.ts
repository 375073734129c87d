import { GatewayDispatchEvents, GatewayOpcodes } from 'discord-api-types/v10';
import { z } from 'zod';

import type { DiscordUserId } from '../../model.js';
import { snowflake } from '../rest/payloads.js';
import type { Dispatch } from './read-event.js';

/** One message of the gateway. */
export type Frame =
  | { readonly kind: 'hello'; readonly heartbeatMs: number }
  | { readonly kind: 'heartbeatAck' }
  | { readonly kind: 'heartbeatRequest' }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'invalidSession'; readonly isResumable: boolean }
  | SessionFrame
  /** An opcode that bots need not know. */
  | { readonly kind: 'unknown' }
  /** `isVital`: the connection cannot go on without it. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly isVital: boolean };

/** A message with a place in the session's sequence. */
export type SessionFrame =
  | {
      readonly kind: 'ready';
      readonly sequence: number;
      readonly sessionId: string;
      readonly resumeUrl: string;
      readonly botUserId: DiscordUserId;
    }
  | { readonly kind: 'resumed'; readonly sequence: number }
  | { readonly kind: 'dispatch'; readonly sequence: number; readonly dispatch: Dispatch };

/** Shorter intervals would exceed Discord's limit of 120 messages a minute. Discord's own: 41 s. */
const SHORTEST_HEARTBEAT_MS = 500;
const LONGEST_HEARTBEAT_MS = 600_000;

const anyFrame = z.object({ op: z.number(), d: z.unknown().optional() });
const numbered = z.object({ t: z.string(), s: z.number().int().min(1) });
const helloData = z.object({
  heartbeat_interval: z.number().min(SHORTEST_HEARTBEAT_MS).max(LONGEST_HEARTBEAT_MS),
});
const readyData = z.object({
  session_id: z.string().min(1),
  resume_gateway_url: z.string(),
  user: z.object({ id: snowflake }),
});

/** Reads a message. Never throws, whatever the text is. */
export function readFrame(text: string): Frame {
  const json = parseJson(text);
  const frame = anyFrame.safeParse(json).data;
  if (!frame) return { kind: 'unreadable', reason: 'not a message of the gateway', isVital: false };
  switch (frame.op) {
    case GatewayOpcodes.Dispatch.valueOf():
      return readDispatch(json, frame.d, text.length);
    case GatewayOpcodes.Hello.valueOf(): {
      const hello = helloData.safeParse(frame.d).data;
      return hello
        ? { kind: 'hello', heartbeatMs: hello.heartbeat_interval }
        : { kind: 'unreadable', reason: 'hello without a heartbeat interval', isVital: true };
    }
    case GatewayOpcodes.Heartbeat.valueOf():
      return { kind: 'heartbeatRequest' };
    case GatewayOpcodes.HeartbeatAck.valueOf():
      return { kind: 'heartbeatAck' };
    case GatewayOpcodes.Reconnect.valueOf():
      return { kind: 'reconnect' };
    case GatewayOpcodes.InvalidSession.valueOf():
      return { kind: 'invalidSession', isResumable: frame.d === true };
    default:
      return { kind: 'unknown' };
  }
}

function readDispatch(frame: unknown, body: unknown, length: number): Frame {
  const { t: name, s: sequence } = numbered.safeParse(frame).data ?? {};
  if (name === undefined || sequence === undefined)
    return { kind: 'unreadable', reason: 'an event without name or number', isVital: false };
  if (name === GatewayDispatchEvents.Resumed.valueOf()) return { kind: 'resumed', sequence };
  if (name !== GatewayDispatchEvents.Ready.valueOf())
    return { kind: 'dispatch', sequence, dispatch: { name, body, length } };
  const ready = readyData.safeParse(body).data;
  if (!ready) return { kind: 'unreadable', reason: 'READY without a session', isVital: true };
  return {
    kind: 'ready',
    sequence,
    sessionId: ready.session_id,
    resumeUrl: ready.resume_gateway_url,
    botUserId: ready.user.id,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Checks an address of the gateway, which receives the bot's token. Returns null unless the address
 * is encrypted; a sandbox, whose API is not, may have one that is not either.
 */
export function readSocketUrl(address: string, apiBase: string): string | null {
  const url = URL.parse(address);
  const isEncrypted = url?.protocol === 'wss:';
  const isLocal = url?.protocol === 'ws:' && apiBase.startsWith('http:');
  if (!url || !(isEncrypted || isLocal)) return null;
  return url.search + url.hash + url.username + url.password === '' ? url.href : null;
}

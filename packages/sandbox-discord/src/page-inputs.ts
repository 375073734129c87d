import { z } from 'zod';

import type { SandboxGateway } from './gateway/gateway-interface.js';
import type { SandboxModerator } from './moderator-interface.js';
import type { SandboxFault } from './sandbox-interface.js';

const id = z.string().regex(/^\d{1,20}$/);
const member = { guildId: id, discordUserId: id };
const role = { guildId: id, roleId: id };
const on = <Name extends keyof SandboxModerator, Shape extends z.ZodRawShape>(
  action: Name,
  shape: Shape,
) => z.object({ action: z.literal(action), ...shape });

/** The actions of the page's buttons. */
const actionInput = z.discriminatedUnion('action', [
  on('giveRole', { ...member, roleId: id }),
  on('takeRole', { ...member, roleId: id }),
  on('setNick', { ...member, nick: z.string().max(32).nullable() }),
  on('kick', member),
  on('ban', member),
  on('unban', member),
  on('leave', member),
  on('join', member),
  on('finishScreening', member),
  on('deleteRole', role),
  on('moveRole', { ...role, position: z.int().min(1).max(250) }),
]);

/** Performs a button's action. Throws on invalid input. */
export function actAs(moderator: SandboxModerator, input: unknown): void {
  const asked = actionInput.parse(input);
  switch (asked.action) {
    case 'giveRole':
      return moderator.giveRole(asked);
    case 'takeRole':
      return moderator.takeRole(asked);
    case 'setNick':
      return moderator.setNick(asked);
    case 'kick':
      return moderator.kick({ ...asked, reason: BY_HAND });
    case 'ban':
      return moderator.ban({ ...asked, reason: BY_HAND });
    case 'unban':
      return moderator.unban(asked);
    case 'leave':
      return moderator.leave(asked);
    case 'join':
      return moderator.join(asked);
    case 'finishScreening':
      return moderator.finishScreening(asked);
    case 'deleteRole':
      return moderator.deleteRole(asked);
    case 'moveRole':
      return moderator.moveRole(asked);
  }
}

const BY_HAND = 'by hand, on the sandbox page';

const ms = z.number().min(0).max(600_000);
const A_WEEK_MS = 604_800_000;
const status = z.int().min(200).max(599);
const moment = z.enum(['before', 'after']);

const effectInput = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('status'),
    status,
    code: z.int().optional(),
    message: z.string().optional(),
  }),
  z.object({ kind: z.literal('html'), status }),
  z.object({ kind: z.literal('silence'), moment: moment.optional() }),
  z.object({ kind: z.literal('drop'), moment: moment.optional() }),
  z.object({ kind: z.literal('latency'), ms }),
  z.object({ kind: z.literal('sharedLimit'), retryAfterMs: ms }),
  z.object({ kind: z.literal('globalLimit'), retryAfterMs: ms }),
  z.object({ kind: z.literal('cloudflareLimit'), retryAfterMs: ms.optional() }),
  z.object({
    kind: z.literal('plainLimit'),
    retryAfterMs: z.number().min(0).max(A_WEEK_MS),
  }),
  z.object({ kind: z.literal('autoMod') }),
  z.object({ kind: z.literal('lostWrite') }),
  z.object({ kind: z.literal('staleRead') }),
]);

const faultInput = z.object({
  effect: effectInput,
  method: z.string().optional(),
  route: z.string().optional(),
  guildId: id.optional(),
  discordUserId: id.optional(),
  times: z.int().min(1).max(100_000).nullable().optional(),
  probability: z.number().min(0).max(1).optional(),
});

/** A fault received over HTTP. Throws on invalid input. */
export function faultFrom(input: unknown): SandboxFault {
  return faultInput.parse(input);
}

const sceneInput = z.object({
  scene: z.string(),
  isOn: z.boolean(),
  guildId: id,
});

/** A scene to play or to end. Throws on invalid input. */
export function sceneFrom(input: unknown): z.infer<typeof sceneInput> {
  return sceneInput.parse(input);
}

const sessionInput = z.object({
  action: z.enum(['reconnect', 'invalidate', 'freeze', 'cut']),
  sessionId: z.string(),
});

/** Performs a button's action on a session of the gateway. Throws on invalid input. */
export function actOnSession(gateway: SandboxGateway, input: unknown): void {
  const { action, sessionId } = sessionInput.parse(input);
  if (gateway.sessions().every((session) => session.sessionId !== sessionId))
    throw new Error('this session has ended');
  gateway[action]({ sessionId });
}

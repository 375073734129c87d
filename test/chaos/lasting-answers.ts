import type { SandboxFault, SandboxFaults } from 'sandbox-discord';

import { DEMO } from '../../services/demo/demo-world.js';

/**
 * Responses that Discord, or a proxy before it, gives to every such call for a while: codes without
 * a documented cause, a feature turned off, a bot flagged as spam, pages without a code, and a long
 * ban. The two `…OfGuild` forms affect only calls about the guild, so a read of the bot's own user
 * disproves them.
 */
export const LASTING_ANSWERS = [
  'codeZeroNotFound',
  'codeZeroBadRequest',
  'featureOff',
  'flaggedBot',
  'pageOfGuild',
  'pageToAll',
  'longLimitOfGuild',
  'longLimitToAll',
] as const;
export type LastingAnswer = (typeof LASTING_ANSWERS)[number];

/** Plants them until they are lifted. */
export class LastingAnswers {
  readonly #planted = new Map<LastingAnswer, readonly number[]>();

  constructor(readonly faults: Pick<SandboxFaults, 'plant' | 'remove'>) {}

  set(form: LastingAnswer, isOn: boolean): void {
    for (const id of this.#planted.get(form) ?? []) this.faults.remove(id);
    this.#planted.delete(form);
    if (!isOn) return;
    const ids = ANSWERS[form].map((fault) => this.faults.plant({ ...fault, times: null }));
    this.#planted.set(form, ids);
  }
}

const { guildId } = DEMO;
const MEMBER = '/guilds/{guild_id}/members/{user_id}';

const toRoles = (status: number): readonly SandboxFault[] =>
  ['PUT', 'DELETE'].map((method) => ({
    method,
    route: `${MEMBER}/roles/{role_id}`,
    effect: { kind: 'status', status, code: 0 },
  }));

const toWrites = (status: number, code: number): readonly SandboxFault[] =>
  ['PUT', 'PATCH', 'DELETE'].map((method) => ({
    method,
    route: `${MEMBER}*`,
    effect: { kind: 'status', status, code },
  }));

const PAGE = { kind: 'html', status: 403 } as const;
/** More than 18 hours, as a hosting service once received. */
const LONG_LIMIT = { kind: 'plainLimit', retryAfterMs: 66_271_000 } as const;

const ANSWERS: Readonly<Record<LastingAnswer, readonly SandboxFault[]>> = {
  codeZeroNotFound: toRoles(404),
  codeZeroBadRequest: toRoles(400),
  featureOff: toWrites(400, 40006),
  flaggedBot: toWrites(403, 20026),
  pageOfGuild: [{ guildId, effect: PAGE }],
  pageToAll: [{ effect: PAGE }],
  longLimitOfGuild: [{ guildId, effect: LONG_LIMIT }],
  longLimitToAll: [{ effect: LONG_LIMIT }],
};

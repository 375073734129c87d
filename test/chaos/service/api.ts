import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { InputError } from '../../../services/lib/errors.js';
import type { Output } from './secrets.js';

/** The API as its callers have it: who is not answered asks again, and any process will do. */
export interface ApiCaller {
  ask(query: string, variables: Readonly<Record<string, unknown>>): Promise<Answered>;
  /** Everything that was ever answered. */
  readonly answers: readonly Output[];
  /** Answers that no caller should get. */
  readonly faults: readonly string[];
}

export interface Answered {
  readonly data: unknown;
  /** An earlier try may have been carried out, and its answer been lost. */
  readonly isRepeated: boolean;
}

/** Discord had the last word, and it was a no, or a "later". */
export class DiscordSaidError extends Error {}

export const API_ANSWER = 'an answer of the API';

const Body = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z.looseObject({ code: z.string() }),
      }),
    )
    .optional(),
});

/** Longer than any outage. */
const PATIENCE_MS = 240_000;
const AGAIN_MS = 25;
/** A key whose first request nobody has ended is not waited for. */
const KEY_PATIENCE_MS = 500;

export function createApiCaller(deps: {
  readonly addresses: () => readonly string[];
  readonly apiKey: string;
}): ApiCaller {
  const answers: Output[] = [];
  const faults: string[] = [];
  let asked = 0;

  async function once(query: string, variables: object, key: string | null) {
    const addresses = deps.addresses();
    const address = addresses[asked % Math.max(1, addresses.length)];
    asked += 1;
    if (address === undefined) return null;
    try {
      const response = await fetch(`${address}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${deps.apiKey}`,
          ...(key !== null && { 'idempotency-key': key }),
        },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(CALL_MS),
      });
      const text = await response.text();
      answers.push({ where: API_ANSWER, text });
      return Body.parse(JSON.parse(text));
    } catch {
      return null; // a process that ends, is ended, or has not begun
    }
  }

  return {
    answers,
    faults,
    async ask(query, variables) {
      const startedAt = Date.now();
      let key: string | null = query.trimStart().startsWith('mutation') ? randomUUID() : null;
      let discordTries = 0;
      for (let isRepeated = false; ; isRepeated = true) {
        const body = await once(query, variables, key);
        const error = body?.errors?.[0];
        if (body !== null && error === undefined) return { data: body.data, isRepeated };
        if (error !== undefined) {
          const { code } = error.extensions;
          const isUnderWay = /still running/.test(error.message);
          if (code === 'INTERNAL') faults.push(`the API answered INTERNAL: ${error.message}`);
          if (DISCORDS.has(code)) throw new DiscordSaidError(error.message);
          if (isOfDiscord(code, error.message)) {
            discordTries += 1;
            if (discordTries > MOST_DISCORD_TRIES) throw new DiscordSaidError(error.message);
          }
          if (isInput(code) && !isUnderWay) throw new RefusedError(code, error.message, isRepeated);
          if (isUnderWay && Date.now() - startedAt > KEY_PATIENCE_MS) key = null;
        }
        if (Date.now() - startedAt > PATIENCE_MS)
          throw new Error(`the API does not answer: ${JSON.stringify(body)}`);
        await sleep(AGAIN_MS * 2 ** discordTries);
      }
    },
  };
}

/** Longer than the service holds any answer back. */
const CALL_MS = 15_000;
const DISCORDS: ReadonlySet<string> = new Set(['DISCORD_ERROR', 'DISCORD_RATE_LIMITED']);

/** A call to Discord failed. Endless retries would use up the budget of invalid requests. */
function isOfDiscord(code: string, message: string): boolean {
  return code === 'UNAVAILABLE' && message.startsWith('cannot ');
}

/** With growing pauses, 1.5 s in total. */
const MOST_DISCORD_TRIES = 5;

/**
 * As the store's own refusal; where an earlier try may have been carried out, this one is refused
 * for that.
 */
export class RefusedError extends InputError {
  constructor(
    code: InputError['code'],
    message: string,
    readonly isRepeated: boolean,
  ) {
    super(code, message);
  }
}

function isInput(code: string): code is InputError['code'] {
  return ['BAD_USER_INPUT', 'NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION'].includes(code);
}

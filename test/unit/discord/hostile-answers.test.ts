import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { RetryLaterError, TerminalError, UnavailableError } from '../../../services/lib/errors.js';
import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import { CANARY, HOSTILE_JSON, HOSTILE_TEXTS } from '../../hostile/texts.js';
import { inherited } from '../../hostile/verdict.js';
import { memberBody, roleWrite, setUpGateway, target } from './gateway-setup.js';

let discord: ScriptedDiscord;
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

/** The errors that the path handles: each leads to a state and a next try. */
const HANDLED = [TerminalError, RetryLaterError, UnavailableError];

/** Makes one call per answer, and returns the errors that the path does not handle. */
async function unhandled(
  answers: readonly Reply[],
  call: (gateway: ReturnType<typeof setUpGateway>['gateway']) => Promise<unknown>,
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const answer of answers) {
    discord.script(answer);
    const { gateway, logs } = setUpGateway(discord.apiBase);
    const error = await call(gateway).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error !== null && !HANDLED.some((kind) => error instanceof kind))
      faults.push(`${inspect(error)} for ${inspect(answer.body).slice(0, 80)}`);
    if (JSON.stringify(logs).includes(CANARY))
      faults.push(`a log line repeats ${inspect(answer.body)}`);
  }
  return faults;
}

const json = (text: string): Reply => ({
  body: text,
  headers: { 'content-type': 'application/json' },
});
const field = (name: string, value: string) =>
  json(
    `{"user":{"id":"7","username":"ada"},"roles":[],"nick":null,"pending":false,"${name}":${value}}`,
  );

const FIELDS = ['user', 'roles', 'nick', 'pending', 'communication_disabled_until', '__proto__'];

describe("Discord's responses", () => {
  test('are read or rejected, whatever JSON a field of a member contains', async () => {
    const before = inherited();
    const answers = FIELDS.flatMap((name) => HOSTILE_JSON.map((value) => field(name, value)));

    expect(await unhandled(answers, async (gateway) => gateway.readMember(target))).toEqual([]);
    expect(inherited()).toEqual(before);
  });

  test('are read or rejected, whatever text they contain', async () => {
    const answers = [...HOSTILE_TEXTS, ...HOSTILE_JSON].flatMap((text) => [
      json(text),
      { body: text },
    ]);

    expect(await unhandled(answers, async (gateway) => gateway.readMember(target))).toEqual([]);
    expect(await unhandled(answers, async (gateway) => gateway.addRole(roleWrite))).toEqual([]);
  });

  test('may contain any username and nickname, which are read without NUL', async () => {
    for (const text of HOSTILE_TEXTS) {
      const name = text.toWellFormed();
      discord.script({
        body: { ...memberBody(), nick: name, user: { id: target.discordUserId, username: name } },
      });

      const reading = await setUpGateway(discord.apiBase).gateway.readMember(target);

      const shown = name.replaceAll('\0', '');
      expect(reading).toMatchObject({ isPresent: true, nickname: shown, username: shown });
    }
  });

  test('are handled whatever text a refusal contains, and no log line repeats it', async () => {
    const messages = HOSTILE_TEXTS.map((text) => JSON.stringify(text));
    const answers = [...messages, ...HOSTILE_JSON].flatMap((value) =>
      [400, 401, 403, 404, 429, 500].map((status) => ({
        ...json(`{"message":${value},"code":${value},"retry_after":${value},"global":${value}}`),
        status,
      })),
    );

    expect(await unhandled(answers, async (gateway) => gateway.addRole(roleWrite))).toEqual([]);
  });
});

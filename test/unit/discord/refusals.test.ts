import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { KNOWN_CODES, type KnownCode } from '../../../services/discord/rest/refusals.js';
import { startScriptedDiscord, type ScriptedDiscord } from '../../fakes/scripted-discord.js';
import { failureOf, refusal, roleWrite, setUpGateway, target } from './gateway-setup.js';

let discord: ScriptedDiscord;

beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const form = (errors: object) => ({
  status: 400,
  body: { message: 'Invalid Form Body', code: 50035, errors },
});
const AUTO_MOD = {
  _errors: [{ code: 'AUTO_MODERATION_GUILD_TAG', message: 'blocked' }],
};
const rename = {
  member: target,
  roleIds: null,
  nickname: 'Ada',
  reason: 'record 1',
};

describe('a refusal that is not documented as permanent', () => {
  it.each([
    ['404 with code 0', refusal(404, 0)],
    ['400 with code 0', refusal(400, 0)],
    ['403 with code 0', refusal(403, 0)],
    ['a form error without a field', refusal(400, 50035)],
    ['a form error of an empty field list', form({})],
    ['a form error of another field', form({ roles: AUTO_MOD })],
    ['a form error of the nickname and another field', form({ nick: AUTO_MOD, roles: AUTO_MOD })],
    ['a feature that is switched off', refusal(400, 40006)],
    ['a code that nobody has documented', refusal(403, 987_654)],
  ])('is reported as possibly temporary, and delays no later call: %s', async (_, reply) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(reply, { status: 204 });

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject({
      name: 'PassingRefusalError',
      message: expect.stringContaining('possibly temporarily'),
    });
    await gateway.addRole(roleWrite);
  });
});

describe('a nickname refusal', () => {
  it.each([
    ['nick', form({ nick: AUTO_MOD })],
    ['guild_tag', form({ guild_tag: AUTO_MOD })],
  ])('for the field %s concerns the nickname alone', async (_, reply) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(reply);

    expect(await failureOf(gateway.editMember(rename))).toMatchObject({
      name: 'TerminalError',
      code: 'BAD_NICKNAME',
      message: expect.stringContaining('AutoMod'),
    });
  });
});

function actOf({ lasting, pauses }: KnownCode): string {
  if (lasting !== null) return `lasts: ${lasting}`;
  return pauses === null ? 'passes' : `pauses the ${pauses}`;
}

describe("the operators' table of Discord's codes", () => {
  const text = readFileSync(join(import.meta.dirname, '../../../ops/discord-answers.md'), 'utf8');
  const documented = text
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, code = '', , , why]) => /^\d+$/.test(code) && why)
    .map(([, code, owner, act, why]) => ({
      code: Number(code),
      owner,
      act,
      why,
    }));

  it("describes the service's reaction to each code, and no other code", () => {
    const done = [...KNOWN_CODES].map(([code, known]) => ({
      code,
      owner: known.owner.toLowerCase(),
      act: actOf(known),
      why: known.why,
    }));

    expect(documented).toEqual(done);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import {
  failureOf,
  guild,
  GUILD,
  refusal,
  roleWrite,
  setUpGateway,
  target,
} from './gateway-setup.js';

let discord: ScriptedDiscord;
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const guildBody = { id: GUILD, name: 'ours', owner_id: '9' };
const lost: readonly Reply[] = [refusal(404, 10004), refusal(403, 50001)];
const doubts = [
  [404, 10004],
  [403, 50001],
] as const;
const paths = () => discord.requests.map(({ method, path }) => [method, path]);
const askedGuild = ['GET', `/api/v10/guilds/${GUILD}`];

const calls = {
  readMember: (gateway: Gateway) => gateway.readMember(target),
  addRole: (gateway: Gateway) => gateway.addRole(roleWrite),
  removeRole: (gateway: Gateway) => gateway.removeRole(roleWrite),
  editMember: (gateway: Gateway) =>
    gateway.editMember({
      member: target,
      roleIds: [],
      nickname: null,
      reason: 'record 1',
    }),
  joinMember: (gateway: Gateway) =>
    gateway.joinMember({
      member: target,
      accessToken: 'access',
      nickname: null,
      roleIds: [],
    }),
  readRoleCounts: (gateway: Gateway) => gateway.readRoleCounts(guild),
};
type Gateway = ReturnType<typeof setUpGateway>['gateway'];

const table = Object.entries(calls).flatMap(([name, call]) =>
  doubts.map(([status, code]) => ({ name, call, status, code })),
);

describe('a guild that another route reports as unknown', () => {
  it.each(table)(
    'with $code at $name is lost if its own route confirms it',
    async ({ call, status, code }) => {
      for (const guildReply of lost) {
        const { gateway } = setUpGateway(discord.apiBase);
        discord.script(refusal(status, code), guildReply);

        expect(await failureOf(call(gateway))).toMatchObject({
          name: 'TerminalError',
          code: 'UNKNOWN_GUILD',
          message: expect.stringContaining(`(status ${status}, code ${code})`),
        });
      }
      expect(paths()).toHaveLength(4);
      expect(paths()[1]).toEqual(askedGuild);
    },
  );

  it.each(table)(
    'with $code at $name is not lost if its own route finds it',
    async ({ call, status, code }) => {
      const { gateway } = setUpGateway(discord.apiBase);
      discord.script(refusal(status, code), { body: guildBody });

      expect(await failureOf(call(gateway))).toMatchObject({
        name: 'TerminalError',
        code: 'MISSING_ACCESS',
        message: expect.stringContaining(`(status ${status}, code ${code})`),
      });
      expect(paths()).toHaveLength(2);
    },
  );

  it.each([
    ['is out', { status: 503 }, { name: 'UnavailableError' }, 2],
    [
      'asked to wait',
      { status: 429, body: { retry_after: 2, global: false } },
      { name: 'RetryLaterError' },
      2,
    ],
    ['refuses the token', { status: 401 }, { code: 'UNAUTHORIZED' }, 3],
    ['returns another error', refusal(400, 0), { name: 'PassingRefusalError' }, 2],
  ])('is not declared lost while Discord %s', async (_case, reply, expected, calls) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(404, 10004), reply);

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(expected);
    expect(paths()).toHaveLength(calls);
  });

  it('is read once for all calls that doubt it at the same time', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(403, 50001), refusal(403, 50001), refusal(403, 50001), {
      manner: 'hold',
      body: guildBody,
    });

    const failures = Promise.all([
      failureOf(gateway.addRole(roleWrite)),
      failureOf(gateway.removeRole(roleWrite)),
      failureOf(gateway.readMember(target)),
    ]);
    await expect.poll(() => discord.held()).toBe(1);
    discord.release();

    for (const failure of await failures) {
      expect(failure).toMatchObject({ code: 'MISSING_ACCESS' });
    }
    expect(paths()).toHaveLength(4);
  });

  it.each(doubts)('is lost at once if its own route responds with %s/%s', async (...of) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(...of));

    expect(await failureOf(gateway.readGuild(guild))).toMatchObject({
      code: 'UNKNOWN_GUILD',
    });
    expect(paths()).toEqual([askedGuild]);
  });

  it('is not read if the failed call named no guild', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(403, 50001));

    expect(await failureOf(gateway.whoAmI(guild))).toMatchObject({
      code: 'MISSING_ACCESS',
    });
    expect(paths()).toHaveLength(1);
  });
});

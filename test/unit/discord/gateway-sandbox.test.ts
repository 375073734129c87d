import {
  createSandboxDiscord,
  type SandboxDiscord,
  type SandboxLimits,
  type SandboxWorld,
} from 'sandbox-discord';
import { afterEach, describe, expect, it } from 'vitest';

import type { DiscordRestDeps } from '../../../services/discord/rest-api.js';
import { RetryLaterError } from '../../../services/lib/errors.js';
import {
  failureOf,
  guild,
  GUILD,
  MEMBER,
  ROLE,
  roleWrite,
  setUpGateway,
  target,
  TOKEN,
} from './gateway-setup.js';

const BOT = '500000000000000005';
const OWNER = '900000000000000009';
const BOT_ROLE = '200000000000000020';
const HIGH_ROLE = '210000000000000021';
const MANAGED_ROLE = '220000000000000022';

const world: SandboxWorld = {
  applications: [
    {
      applicationId: '100000000000000001',
      name: 'connector',
      botUserId: BOT,
      botToken: TOKEN,
    },
  ],
  users: [
    { discordUserId: BOT, username: 'connector', isBot: true },
    { discordUserId: OWNER, username: 'owner' },
    { discordUserId: MEMBER, username: 'ada', globalName: 'Ada' },
  ],
  guilds: [
    {
      guildId: GUILD,
      name: 'ours',
      ownerId: OWNER,
      roles: [
        { roleId: ROLE, name: 'pilot', position: 1 },
        { roleId: MANAGED_ROLE, name: 'booster', position: 2, managed: true },
        {
          roleId: BOT_ROLE,
          name: 'connector',
          position: 3,
          permissions: String(1n << 28n),
        },
        { roleId: HIGH_ROLE, name: 'council', position: 4 },
      ],
      members: [
        { discordUserId: OWNER, roleIds: [HIGH_ROLE] },
        { discordUserId: BOT, roleIds: [BOT_ROLE] },
        { discordUserId: MEMBER, roleIds: [] },
      ],
    },
  ],
};

let discord: SandboxDiscord;

const start = async (
  limits: Partial<SandboxLimits> | null = null,
  overrides: Partial<DiscordRestDeps> = {},
) => {
  discord = createSandboxDiscord({ world, limits });
  const { apiBase } = await discord.start();
  return setUpGateway(apiBase, overrides).gateway;
};

afterEach(() => discord.stop());

const rolesOf = () => discord.member(GUILD, MEMBER)?.roleIds;

describe('the gateway against the sandbox Discord', () => {
  it('adds and removes a role, and reads the member back', async () => {
    const gateway = await start();

    await gateway.addRole(roleWrite);
    expect(await gateway.readMember(target)).toMatchObject({
      isPresent: true,
      roleIds: [ROLE],
      displayName: 'Ada',
    });
    await gateway.removeRole(roleWrite);

    expect(rolesOf()).toEqual([]);
    expect(discord.calls.recent()[0]).toMatchObject({ reason: 'record 1' });
  });

  it('sets the whole list', async () => {
    const gateway = await start();

    const member = await gateway.editMember({
      member: target,
      roleIds: [ROLE],
      nickname: null,
      reason: 'record 1',
    });

    expect(member?.roleIds).toEqual([ROLE]);
    expect(rolesOf()).toEqual([ROLE]);
  });

  it('reports the same role refusals as the sandbox', async () => {
    const gateway = await start();

    const { roles } = await gateway.readRoles(guild);

    const refusals = new Map(roles.map((role) => [role.roleId, role.refusal]));
    expect(Object.fromEntries(refusals)).toEqual({
      [GUILD]: 'EVERYONE',
      [ROLE]: null,
      [MANAGED_ROLE]: 'MANAGED',
      [BOT_ROLE]: 'ABOVE_BOT',
      [HIGH_ROLE]: 'ABOVE_BOT',
    });
    for (const [roleId, refusal] of refusals) {
      const write = gateway.addRole({ ...roleWrite, roleId });
      if (refusal === null) await write;
      else expect((await failureOf(write)).name).toBe('TerminalError');
    }
  });

  it('recognizes absent members, unknown guilds and unknown roles', async () => {
    const gateway = await start();
    discord.moderator.leave({ guildId: GUILD, discordUserId: MEMBER });
    const unknown = '990000000000000099';

    expect(await gateway.readMember(target)).toEqual({ isPresent: false });
    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject({
      code: 'UNKNOWN_MEMBER',
    });
    expect(await failureOf(gateway.readMember({ ...target, guildId: unknown }))).toMatchObject({
      code: 'UNKNOWN_GUILD',
    });
    const owner = { ...target, discordUserId: OWNER };
    const write = { ...roleWrite, member: owner, roleId: unknown };
    expect(await failureOf(gateway.addRole(write))).toMatchObject({
      code: 'UNKNOWN_ROLE',
    });
  });

  it('returns what a client check needs', async () => {
    const gateway = await start();

    expect(await gateway.whoAmI(guild)).toEqual({
      botUserId: BOT,
      username: 'connector',
    });
    expect(await gateway.readGuild(guild)).toEqual({
      guildId: GUILD,
      name: 'ours',
      ownerId: OWNER,
      asksForMfa: false,
    });
    expect(await gateway.readApplication(guild)).toMatchObject({
      applicationId: '100000000000000001',
      hasMembersIntent: true,
    });
  });

  it('stays within the limits if callers retry at the time it reports', async () => {
    const memberRoles = { limit: 3, windowMs: 150, window: 'fixed' } as const;
    const gateway = await start(
      { memberRoles },
      {
        clock: Date.now,
        offsetMs: 5,
      },
    );
    const writes = Array.from(
      { length: 12 },
      (_, index) => () =>
        index % 3 === 0 ? gateway.removeRole(roleWrite) : gateway.addRole(roleWrite),
    );

    await Promise.all(writes.map(untilDone));

    expect(discord.calls.count({ status: 204 })).toBe(12);
    // The two methods share a bucket, which only their first responses reveal.
    expect(discord.calls.count({ status: 429 })).toBeLessThanOrEqual(1);
  });

  it.each(['before', 'after'] as const)(
    'makes no second call if the connection drops %s the change',
    async (moment) => {
      const gateway = await start();
      discord.faults.plant({ effect: { kind: 'drop', moment } });

      const failure = await failureOf(gateway.addRole(roleWrite));

      expect(failure.name).toBe('UnavailableError');
      expect(discord.calls.count()).toBe(1);
      expect(rolesOf()).toEqual(moment === 'after' ? [ROLE] : []);
    },
  );

  it('delays calls after a Cloudflare limit or a shared limit', async () => {
    const gateway = await start();
    discord.faults.plant({
      effect: { kind: 'sharedLimit', retryAfterMs: 2000 },
      method: 'PUT',
    });
    discord.faults.plant({
      effect: { kind: 'cloudflareLimit' },
      method: 'GET',
      times: null,
    });

    for (const call of [gateway.addRole(roleWrite), gateway.readMember(target)]) {
      expect((await failureOf(call)).name).toBe('RetryLaterError');
    }
  });
});

/** Like the job table: never retries before the given time. */
async function untilDone(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof RetryLaterError)) throw error;
    const waitMs = error.retryAt.getTime() - Date.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    await untilDone(write);
  }
}

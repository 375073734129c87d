import { describe, expect, it } from 'vitest';

import {
  ANNA,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  sandboxes,
  smallGuild,
  smallWorld,
  STRANGER,
} from './small-world.js';

const start = sandboxes();

type Started = Awaited<ReturnType<typeof start>>;

const play = async (url: string, scene: string, isOn = true) => {
  const response = await fetch(`${url}/sandbox/scenes`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ scene, isOn, guildId: GUILD }),
  });
  return response.status;
};

interface Scene {
  readonly name: string;
  readonly label: string;
  readonly what: string;
  readonly isOn: boolean;
}

const scenesOf = async (url: string): Promise<readonly Scene[]> =>
  (await (await fetch(`${url}/sandbox/state?guildId=${GUILD}`)).json()).scenes;

const isOn = async (url: string, name: string) =>
  (await scenesOf(url)).find((scene) => scene.name === name)?.isOn;

const putRole = ({ call }: Started) => call('PUT', memberRolePath(ANNA, MINER));
const rename = ({ call }: Started) => call('PATCH', memberPath(ANNA), { body: { nick: 'Ann' } });
const listRoles = ({ call }: Started) => call('GET', `/guilds/${GUILD}/roles`);

describe('a scene that the page starts with one click', () => {
  it.each([
    ['codeZeroNotFound', putRole, { status: 404, body: { code: 0 } }],
    ['codeZeroBadRequest', putRole, { status: 400, body: { code: 0 } }],
    ['featureOff', putRole, { status: 400, body: { code: 40006 } }],
    ['featureOff', rename, { status: 400, body: { code: 40006 } }],
    ['flaggedBot', rename, { status: 403, body: { code: 20026 } }],
    ['autoMod', rename, { status: 400, body: { code: 50035, errors: { guild_tag: {} } } }],
  ])('%s answers every matching call until it is ended', async (scene, ask, answer) => {
    const sandbox = await start();

    expect(await play(sandbox.url, scene)).toBe(200);

    expect(await isOn(sandbox.url, scene)).toBe(true);
    expect(await ask(sandbox)).toMatchObject(answer);
    expect(await ask(sandbox)).toMatchObject(answer);
    expect(await listRoles(sandbox)).toMatchObject({ status: 200 });
    expect(await play(sandbox.url, scene, false)).toBe(200);
    expect(await isOn(sandbox.url, scene)).toBe(false);
    expect((await ask(sandbox)).status).toBeLessThan(300);
  });

  it('autoMod refuses only requests that set a nickname', async () => {
    const sandbox = await start();
    const { call, url } = sandbox;
    await play(url, 'autoMod');

    const removed = await call('PATCH', memberPath(ANNA), {
      body: { nick: null },
    });
    const roles = await call('PATCH', memberPath(ANNA), {
      body: { roles: [MINER] },
    });

    expect([removed.status, roles.status]).toEqual([200, 200]);
    expect((await rename(sandbox)).status).toBe(400);
  });

  it('codelessPage is a page of HTML with 403', async () => {
    const sandbox = await start();
    await play(sandbox.url, 'codelessPage');

    const { status, headers } = await listRoles(sandbox);

    expect(status).toBe(403);
    expect(headers.get('content-type')).toContain('text/html');
  });

  it('longLimit is 429 in plain text with Retry-After of 18 hours', async () => {
    const sandbox = await start();
    await play(sandbox.url, 'longLimit');

    const { status, headers } = await listRoles(sandbox);

    expect(status).toBe(429);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(headers.get('retry-after')).toBe('66271');
    expect(headers.get('x-ratelimit-bucket')).toBeNull();
  });

  it.each([
    ['screening', true],
    ['screeningEndedByRole', false],
  ])('%s makes new members pending; still pending after a role: %s', async (scene, stays) => {
    const sandbox = await start({
      world: smallWorld({ guilds: [smallGuild()] }),
    });
    const { moderator } = sandbox.sandbox;
    const who = { guildId: GUILD, discordUserId: STRANGER };
    const isPending = () => sandbox.sandbox.member(GUILD, STRANGER)?.pending;

    await play(sandbox.url, scene);
    moderator.join(who);
    const before = isPending();
    await sandbox.call('PUT', memberRolePath(STRANGER, MINER));

    expect([before, isPending()]).toEqual([true, stays]);
    expect(await isOn(sandbox.url, scene)).toBe(true);
    await play(sandbox.url, scene, false);
    moderator.leave(who);
    moderator.join(who);
    expect(isPending()).toBe(false);
  });

  it('one kind of screening replaces the other', async () => {
    const { url } = await start();
    await play(url, 'screening');

    await play(url, 'screeningEndedByRole');

    expect(await isOn(url, 'screening')).toBe(false);
    expect(await isOn(url, 'screeningEndedByRole')).toBe(true);
  });

  it('has a description, is off at first, and ends with all other faults', async () => {
    const { url, call } = await start();
    const scenes = await scenesOf(url);
    for (const { name, what, label, isOn: isPlayed } of scenes) {
      expect([name, label !== '', what.length > 20, isPlayed]).toEqual([name, true, true, false]);
      if (!name.startsWith('screening')) await play(url, name);
    }

    await fetch(`${url}/sandbox/faults/clear`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });

    expect((await scenesOf(url)).filter((scene) => scene.isOn)).toEqual([]);
    expect((await call('GET', memberPath(ANNA))).status).toBe(200);
  });

  it('that does not exist is refused', async () => {
    const { url } = await start();

    expect(await play(url, 'toString')).toBe(400);
    expect(await play(url, 'nothing')).toBe(400);
  });
});

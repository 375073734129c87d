import { describe, expect, it } from 'vitest';

import { playScene, press, readState } from './page-calls.js';
import {
  ANNA,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  type StartedSandbox,
  startSandbox,
  STRANGER,
  stranger,
} from './small-world.js';

interface Scene {
  readonly name: string;
  readonly label: string;
  readonly what: string;
  readonly isOn: boolean;
}

const scenesOf = async (url: string): Promise<readonly Scene[]> => (await readState(url)).scenes;

const isOn = async (url: string, name: string) =>
  (await scenesOf(url)).find((scene) => scene.name === name)?.isOn;

const putRole = ({ call }: StartedSandbox) => call('PUT', memberRolePath(ANNA, MINER));
const rename = ({ call }: StartedSandbox) =>
  call('PATCH', memberPath(ANNA), { body: { nick: 'Ann' } });
const listRoles = ({ call }: StartedSandbox) => call('GET', `/guilds/${GUILD}/roles`);

describe('a scene that the page starts with one click', () => {
  it.each([
    ['codeZeroNotFound', putRole, { status: 404, body: { code: 0 } }],
    ['codeZeroBadRequest', putRole, { status: 400, body: { code: 0 } }],
    ['featureOff', putRole, { status: 400, body: { code: 40006 } }],
    ['featureOff', rename, { status: 400, body: { code: 40006 } }],
    ['flaggedBot', rename, { status: 403, body: { code: 20026 } }],
    ['autoMod', rename, { status: 400, body: { code: 50035, errors: { guild_tag: {} } } }],
  ])('%s answers every matching call until it is ended', async (scene, ask, answer) => {
    const started = await startSandbox();

    expect(await playScene(started.url, scene)).toBe(200);

    expect(await isOn(started.url, scene)).toBe(true);
    expect(await ask(started)).toMatchObject(answer);
    expect(await ask(started)).toMatchObject(answer);
    expect(await listRoles(started)).toMatchObject({ status: 200 });
    expect(await playScene(started.url, scene, false)).toBe(200);
    expect(await isOn(started.url, scene)).toBe(false);
    expect((await ask(started)).status).toBeLessThan(300);
  });

  it('autoMod refuses only requests that set a nickname', async () => {
    const started = await startSandbox();
    const { call, url } = started;
    await playScene(url, 'autoMod');

    const removed = await call('PATCH', memberPath(ANNA), {
      body: { nick: null },
    });
    const roles = await call('PATCH', memberPath(ANNA), {
      body: { roles: [MINER] },
    });

    expect([removed.status, roles.status]).toEqual([200, 200]);
    expect((await rename(started)).status).toBe(400);
  });

  it('codelessPage is a page of HTML with 403', async () => {
    const started = await startSandbox();
    await playScene(started.url, 'codelessPage');

    const { status, headers } = await listRoles(started);

    expect(status).toBe(403);
    expect(headers.get('content-type')).toContain('text/html');
  });

  it('longLimit is 429 in plain text with Retry-After of 18 hours', async () => {
    const started = await startSandbox();
    await playScene(started.url, 'longLimit');

    const { status, headers } = await listRoles(started);

    expect(status).toBe(429);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(headers.get('retry-after')).toBe('66271');
    expect(headers.get('x-ratelimit-bucket')).toBeNull();
  });

  it.each([
    ['screening', true],
    ['screeningEndedByRole', false],
  ])('%s makes new members pending; still pending after a role: %s', async (scene, stays) => {
    const started = await startSandbox();
    const { moderator, sandbox } = started;
    const isPending = () => sandbox.member(GUILD, STRANGER)?.pending;

    await playScene(started.url, scene);
    moderator.join(stranger);
    const before = isPending();
    await started.call('PUT', memberRolePath(STRANGER, MINER));

    expect([before, isPending()]).toEqual([true, stays]);
    expect(await isOn(started.url, scene)).toBe(true);
    await playScene(started.url, scene, false);
    moderator.leave(stranger);
    moderator.join(stranger);
    expect(isPending()).toBe(false);
  });

  it('one kind of screening replaces the other', async () => {
    const { url } = await startSandbox();
    await playScene(url, 'screening');

    await playScene(url, 'screeningEndedByRole');

    expect(await isOn(url, 'screening')).toBe(false);
    expect(await isOn(url, 'screeningEndedByRole')).toBe(true);
  });

  it('has a description, is off at first, and ends with all other faults', async () => {
    const { url, call } = await startSandbox();
    const scenes = await scenesOf(url);
    for (const { name, what, label, isOn: isPlayed } of scenes) {
      expect([name, label !== '', what.length > 20, isPlayed]).toEqual([name, true, true, false]);
      if (!name.startsWith('screening')) await playScene(url, name);
    }

    await press(url, 'faults/clear', {});

    expect((await scenesOf(url)).filter((scene) => scene.isOn)).toEqual([]);
    expect((await call('GET', memberPath(ANNA))).status).toBe(200);
  });

  it('that does not exist is refused', async () => {
    const { url } = await startSandbox();

    expect(await playScene(url, 'toString')).toBe(400);
    expect(await playScene(url, 'nothing')).toBe(400);
  });
});

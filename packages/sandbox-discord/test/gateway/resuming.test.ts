import { GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import {
  anna,
  MINER,
  OUTSIDER,
  standingClock,
  type StartOptions,
  withOutsider,
} from '../small-world.js';
import { type RawBot, startSession } from './raw-bot.js';

async function startLostSession(options?: StartOptions) {
  const started = await startSession(options);
  started.bot.terminate();
  await untilResumable(started);
  return started;
}

/** Waits until the sandbox has noticed that the bot is gone. */
const untilResumable = async ({ bot, gateway }: Awaited<ReturnType<typeof startSession>>) => {
  await bot.closed;
  await expect.poll(() => gateway.sessions()[0]?.state).toBe('resumable');
};

describe('a resumed session', () => {
  it('receives what it missed, in order, then RESUMED', async () => {
    const { moderator, gateway, bot, resume } = await startLostSession();
    moderator.giveRole({ ...anna, roleId: MINER });
    moderator.leave(anna);

    const next = await resume();
    await next.event('RESUMED');

    expect(next.names()).toEqual([
      'GUILD_MEMBER_UPDATE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
      'GUILD_MEMBER_REMOVE',
      'RESUMED',
    ]);
    const numbers = next.received.flatMap(({ s }) => s ?? []);
    expect(numbers).toEqual([3, 4, 5, 6]);
    expect(bot.lastSequence).toBe(2);
    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 1 }]);
  });

  it('goes on with new events', async () => {
    const { moderator, resume } = await startLostSession();
    const next = await resume();
    await next.event('RESUMED');

    moderator.leave(anna);

    expect((await next.event('GUILD_MEMBER_REMOVE')).s).toBe(next.lastSequence);
  });

  it('receives again what came after the number it names', async () => {
    const started = await startSession();
    const { bot, moderator, resume } = started;
    moderator.leave(anna);
    await bot.event('GUILD_MEMBER_REMOVE');
    bot.terminate();
    await untilResumable(started);

    const next = await resume({ seq: 1 });
    await next.event('RESUMED');

    expect(next.names()).toEqual(['GUILD_CREATE', 'GUILD_MEMBER_REMOVE', 'RESUMED']);
  });

  it('does not receive RESUMED of an earlier resume again', async () => {
    const { resume } = await startLostSession();
    const second = await resume();
    await second.event('RESUMED');
    second.terminate();

    const third = await resume({ seq: 2 });
    await third.event('RESUMED');

    expect(third.names()).toEqual(['RESUMED']);
  });

  it('leaves its old connection, which is cut', async () => {
    const { bot, resume } = await startSession();

    const next = await resume();
    await next.event('RESUMED');

    expect((await bot.closed).code).toBe(1006);
    expect(next.isOpen).toBe(true);
  });

  it.each([4000, 4200, 3000])('survives a closing by the bot with %i', async (code) => {
    const started = await startSession();
    started.bot.close(code);
    await untilResumable(started);

    const next = await started.resume();

    expect(await next.event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it('survives a restart of the sandbox', async () => {
    const { moderator, sandbox, bot, resume } = await startSession();
    await sandbox.stop();
    await bot.closed;
    await sandbox.start();
    moderator.leave(anna);

    const next = await resume();
    await next.event('RESUMED');

    expect(next.names()).toEqual(['GUILD_MEMBER_REMOVE', 'RESUMED']);
  });
});

describe('a resume is refused', () => {
  const refused = async (next: RawBot) => (await next.opcode(GatewayOpcodes.InvalidSession)).d;

  it.each([1000, 1001])('after the bot closed with %i', async (code) => {
    const { gateway, bot, resume } = await startSession();
    bot.close(code);
    await bot.closed;
    await expect.poll(() => gateway.sessions()).toEqual([]);

    expect(await refused(await resume())).toBe(false);
  });

  it('for a session that does not exist, and identify still works there', async () => {
    const { resume } = await startSession();

    const next = await resume({ session_id: 'nonsense' });

    expect(await refused(next)).toBe(false);
    expect(await next.identify()).toMatchObject({ t: 'READY' });
  });

  it('once the session is too old', async () => {
    const { clock, advance } = standingClock();
    const { resume } = await startLostSession({ clock, gateway: { resumableMs: 60_000 } });
    advance(60_001);

    expect(await refused(await resume())).toBe(false);
  });

  it('not before', async () => {
    const { clock, advance } = standingClock();
    const { resume } = await startLostSession({ clock, gateway: { resumableMs: 60_000 } });
    advance(60_000);

    expect(await (await resume()).event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it('once more was missed than is kept', async () => {
    const { moderator, gateway, resume } = await startLostSession({
      gateway: { replayCharacters: 4000 },
    });
    for (let times = 0; times < 20; times += 1) {
      moderator.leave(anna);
      moderator.join(anna);
    }

    expect(await refused(await resume())).toBe(false);
    expect(gateway.sessions()).toEqual([]);
  });

  it('with a number that was never sent: 4007', async () => {
    const { resume } = await startLostSession();

    const next = await resume({ seq: 99 });

    expect((await next.closed).code).toBe(4007);
  });

  it('with a wrong token: 4004', async () => {
    const { resume } = await startLostSession();

    const next = await resume({ token: 'stolen' });

    expect((await next.closed).code).toBe(4004);
  });

  it("for another bot's session", async () => {
    const { gateway, resume } = await startLostSession(withOutsider);

    const thief = await resume({ token: OUTSIDER.botToken });

    expect(await refused(thief)).toBe(false);
    expect(gateway.sessions()).toMatchObject([{ state: 'resumable' }]);
  });
});

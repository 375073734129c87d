import { GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import {
  ANNA,
  GUILD,
  MINER,
  sandboxes,
  smallWorld,
  standingClock,
  STRANGER,
  TOKEN,
} from '../small-world.js';
import { rawBots, type RawBot } from './raw-bot.js';

const start = sandboxes();
const connect = rawBots();

const anna = { guildId: GUILD, discordUserId: ANNA };

async function inSession(options: Parameters<typeof start>[0] = {}) {
  const started = await start(options);
  const bot = connect(started.url);
  await bot.opcode(GatewayOpcodes.Hello);
  const ready = await bot.identify();
  await bot.event('GUILD_CREATE');
  const sessionId = ready.d.session_id;
  /** Another connection, on which the session is asked for. */
  const resume = async (changes: Readonly<Record<string, unknown>> = {}): Promise<RawBot> => {
    const next = connect(ready.d.resume_gateway_url);
    await next.opcode(GatewayOpcodes.Hello);
    const seq = bot.lastSequence;
    next.send(GatewayOpcodes.Resume, { token: TOKEN, session_id: sessionId, seq, ...changes });
    return next;
  };
  const lost = async () => {
    bot.terminate();
    await bot.closed;
    await expect.poll(() => started.sandbox.gateway.sessions()[0]?.state).toBe('resumable');
  };
  return { ...started, bot, sessionId, resume, lost };
}

describe('a resumed session', () => {
  it('receives what it missed, in order, then RESUMED', async () => {
    const { sandbox, bot, resume, lost } = await inSession();
    await lost();
    sandbox.moderator.giveRole({ ...anna, roleId: MINER });
    sandbox.moderator.leave(anna);

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
    expect(sandbox.gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 1 }]);
  });

  it('goes on with new events', async () => {
    const { sandbox, resume, lost } = await inSession();
    await lost();
    const next = await resume();
    await next.event('RESUMED');

    sandbox.moderator.leave(anna);

    expect((await next.event('GUILD_MEMBER_REMOVE')).s).toBe(next.lastSequence);
  });

  it('receives again what came after the number it names', async () => {
    const { sandbox, bot, resume, lost } = await inSession();
    sandbox.moderator.leave(anna);
    await bot.event('GUILD_MEMBER_REMOVE');
    await lost();

    const next = await resume({ seq: 1 });
    await next.event('RESUMED');

    expect(next.names()).toEqual(['GUILD_CREATE', 'GUILD_MEMBER_REMOVE', 'RESUMED']);
  });

  it('does not receive RESUMED of an earlier resume again', async () => {
    const { resume, lost } = await inSession();
    await lost();
    const second = await resume();
    await second.event('RESUMED');
    second.terminate();

    const third = await resume({ seq: 2 });
    await third.event('RESUMED');

    expect(third.names()).toEqual(['RESUMED']);
  });

  it('leaves its old connection, which is cut', async () => {
    const { bot, resume } = await inSession();

    const next = await resume();
    await next.event('RESUMED');

    expect((await bot.closed).code).toBe(1006);
    expect(next.isOpen).toBe(true);
  });

  it.each([4000, 4200, 3000])('survives a closing by the bot with %i', async (code) => {
    const { bot, resume, sandbox } = await inSession();
    bot.close(code);
    await bot.closed;
    await expect.poll(() => sandbox.gateway.sessions()[0]?.state).toBe('resumable');

    const next = await resume();

    expect(await next.event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it('survives a restart of the sandbox', async () => {
    const { sandbox, bot, resume } = await inSession();
    await sandbox.stop();
    await bot.closed;
    await sandbox.start();
    sandbox.moderator.leave(anna);

    const next = await resume();
    await next.event('RESUMED');

    expect(next.names()).toEqual(['GUILD_MEMBER_REMOVE', 'RESUMED']);
  });
});

describe('a resume is refused', () => {
  const refused = async (next: RawBot) => (await next.opcode(GatewayOpcodes.InvalidSession)).d;

  it.each([1000, 1001])('after the bot closed with %i', async (code) => {
    const { sandbox, bot, resume } = await inSession();
    bot.close(code);
    await bot.closed;
    await expect.poll(() => sandbox.gateway.sessions()).toEqual([]);

    expect(await refused(await resume())).toBe(false);
  });

  it('for a session that does not exist, and identify still works there', async () => {
    const { resume } = await inSession();

    const next = await resume({ session_id: 'nonsense' });

    expect(await refused(next)).toBe(false);
    expect(await next.identify()).toMatchObject({ t: 'READY' });
  });

  it('once the session is too old', async () => {
    const { clock, advance } = standingClock();
    const { resume, lost } = await inSession({ clock, gateway: { resumableMs: 60_000 } });
    await lost();
    advance(60_001);

    expect(await refused(await resume())).toBe(false);
  });

  it('not before', async () => {
    const { clock, advance } = standingClock();
    const { resume, lost } = await inSession({ clock, gateway: { resumableMs: 60_000 } });
    await lost();
    advance(60_000);

    expect(await (await resume()).event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it('once more was missed than is kept', async () => {
    const { sandbox, resume, lost } = await inSession({ gateway: { replayCharacters: 4000 } });
    await lost();
    for (let times = 0; times < 20; times += 1) {
      sandbox.moderator.leave(anna);
      sandbox.moderator.join(anna);
    }

    expect(await refused(await resume())).toBe(false);
    expect(sandbox.gateway.sessions()).toEqual([]);
  });

  it('with a number that was never sent: 4007', async () => {
    const { resume, lost } = await inSession();
    await lost();

    const next = await resume({ seq: 99 });

    expect((await next.closed).code).toBe(4007);
  });

  it('with a wrong token: 4004', async () => {
    const { resume, lost } = await inSession();
    await lost();

    const next = await resume({ token: 'stolen' });

    expect((await next.closed).code).toBe(4004);
  });

  it("for another bot's session", async () => {
    const world = smallWorld();
    const other = {
      applicationId: '200000000000000009',
      name: 'Other',
      botUserId: STRANGER,
      botToken: 'token-of-the-other',
    };
    const applications = [...world.applications, other];
    const { sandbox, resume, lost } = await inSession({ world: { ...world, applications } });
    await lost();

    const thief = await resume({ token: other.botToken });

    expect(await refused(thief)).toBe(false);
    expect(sandbox.gateway.sessions()).toMatchObject([{ state: 'resumable' }]);
  });
});

import { constants, createInflate, createZstdDecompress, inflateSync } from 'node:zlib';

import { GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { anna, crowd, GUILD, smallGuild, startSandbox } from '../small-world.js';
import { connectBot, startGateway, startSession } from './raw-bot.js';

const members = [...smallGuild().members, ...crowd(3000)];

describe('transport compression', () => {
  it.each([
    ['zlib-stream', () => createInflate({ finishFlush: constants.Z_SYNC_FLUSH })],
    ['zstd-stream', () => createZstdDecompress()],
  ] as const)('%s is one stream for the whole connection', async (compress, createInflater) => {
    const { url, sandbox } = await startSandbox({ guild: { members } });
    const bot = connectBot(url, `v=10&encoding=json&compress=${compress}`);
    const inflater = createInflater();
    let text = '';
    inflater.on('data', (part: Buffer) => {
      text += part.toString('utf8');
    });
    bot.decode = (data) => {
      inflater.write(data);
      return undefined;
    };
    const contains = (part: string) => expect.poll(() => text, { timeout: 10_000 }).toContain(part);
    await contains('"op":10');

    bot.sendIdentify({ compress: true });
    await contains('"GUILD_CREATE"');
    bot.send(GatewayOpcodes.RequestGuildMembers, { guild_id: GUILD, query: '', limit: 0 });
    await contains('"chunk_index":3');
    sandbox.moderator.leave(anna);
    await contains('"GUILD_MEMBER_REMOVE"');

    expect(bot.frames.every(({ isBinary }) => isBinary)).toBe(true);
    if (compress === 'zlib-stream')
      for (const { data } of bot.frames) expect(data.subarray(-4).toString('hex')).toBe('0000ffff');
    const payloads: unknown[] = text
      .replaceAll('}{"t":', '}\n{"t":')
      .split('\n')
      .map((one) => JSON.parse(one));
    expect(payloads).toHaveLength(bot.frames.length);
    expect(sandbox.gateway.sessions()).toMatchObject([{ compression: compress }]);
    inflater.destroy();
  });

  it('still closes with the code after what was sent', async () => {
    const { url } = await startSandbox();
    const bot = connectBot(url, 'v=10&encoding=json&compress=zlib-stream');

    bot.decode = () => undefined;
    await bot.until(() => bot.frames.length > 0, 'a frame');
    bot.sendText('nonsense');

    expect((await bot.closed).code).toBe(4002);
  });
});

describe('payload compression', () => {
  it('compresses large payloads one by one, and leaves small ones', async () => {
    const { gateway, connect } = await startGateway();
    const bot = await connect();
    bot.decode = (data) => inflateSync(data).toString('utf8');

    await bot.identify({ compress: true });
    await bot.event('GUILD_CREATE');
    await bot.settled();

    const sizes = bot.received.map((payload, index) => ({
      isLarge: JSON.stringify(payload).length >= 1024,
      isBinary: bot.frames[index]?.isBinary,
    }));
    expect(sizes.every(({ isLarge, isBinary }) => isLarge === isBinary)).toBe(true);
    expect(sizes.filter(({ isLarge }) => isLarge).length).toBeGreaterThan(0);
    expect(gateway.sessions()).toMatchObject([{ compression: 'payload' }]);
  });

  it('is off unless the identify asks for it', async () => {
    const { bot } = await startSession();

    expect(bot.frames.some(({ isBinary }) => isBinary)).toBe(false);
  });
});

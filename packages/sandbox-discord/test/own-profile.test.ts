import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { BOT, fieldError, GUILD, memberPath, startSandbox } from './small-world.js';

const ME = `/guilds/${GUILD}/members/@me`;
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const GIF = Buffer.from('GIF89a\u0001\u0000');
const uri = (type: string, image: Buffer) =>
  `data:image/${type};base64,${image.toString('base64')}`;
const md5 = (image: Buffer) => createHash('md5').update(image).digest('hex');

describe("the bot's own profile in a guild", () => {
  it('takes an avatar, a banner and a bio, which need no permission', async () => {
    const { call, sandbox } = await startSandbox({ guild: { botPermissions: 0n } });

    const { status, body } = await call('PATCH', ME, {
      body: { avatar: uri('png', PNG), banner: uri('gif', GIF), bio: 'Keeps roles in step.' },
      reason: 'new look',
    });

    expect(status).toBe(200);
    expect(body).toMatchObject({ avatar: md5(PNG), banner: `a_${md5(GIF)}`, nick: null });
    expect((await call('GET', memberPath(BOT))).body).toEqual(body);
    expect(sandbox.member(GUILD, BOT)).toMatchObject({
      avatar: md5(PNG),
      banner: `a_${md5(GIF)}`,
      bio: 'Keeps roles in step.',
    });
    expect(sandbox.guild(GUILD).auditLog).toMatchObject([
      { actionType: 24, actorId: BOT, targetId: BOT, reason: 'new look' },
    ]);
  });

  it('loses what is set to null and keeps what is not named', async () => {
    const { call, sandbox } = await startSandbox();
    await call('PATCH', ME, { body: { avatar: uri('png', PNG), bio: 'Old', nick: 'Helper' } });

    const { body } = await call('PATCH', ME, { body: { avatar: null } });

    expect(body).toMatchObject({ avatar: null, nick: 'Helper' });
    expect(sandbox.member(GUILD, BOT)?.bio).toBe('Old');
  });

  it('is kept in the world', async () => {
    const { call, sandbox } = await startSandbox();
    await call('PATCH', ME, { body: { avatar: uri('png', PNG), bio: 'Old' } });
    const again = await startSandbox({ world: sandbox.world() });

    expect((await again.call('GET', memberPath(BOT))).body).toMatchObject({ avatar: md5(PNG) });
    expect(again.sandbox.member(GUILD, BOT)?.bio).toBe('Old');
  });

  it('takes the format from the image, whatever type is named', async () => {
    const { call } = await startSandbox();

    const { body } = await call('PATCH', ME, { body: { avatar: uri('png', GIF) } });

    expect(body).toMatchObject({ avatar: `a_${md5(GIF)}` });
  });

  it.each([
    ['a URL', { avatar: 'https://example.org/a.png' }, 'avatar', 'IMAGE_INVALID'],
    ['another format', { avatar: uri('bmp', Buffer.from('BM')) }, 'avatar', 'IMAGE_INVALID'],
    ['an empty image', { banner: 'data:image/png;base64,' }, 'banner', 'IMAGE_INVALID'],
    ['a number', { banner: 5 }, 'banner', 'STRING_TYPE_CONVERT'],
    [
      'an image of more than 10 MB',
      { avatar: uri('png', Buffer.concat([PNG, Buffer.alloc(10_240 * 1024)])) },
      'avatar',
      'BINARY_TYPE_MAX_SIZE',
    ],
    ['a bio of 191 characters', { bio: 'x'.repeat(191) }, 'bio', 'BASE_TYPE_MAX_LENGTH'],
  ])('refuses %s and changes nothing', async (_name, body, field, code) => {
    const { call, sandbox } = await startSandbox();
    const before = sandbox.member(GUILD, BOT);

    const reply = await call('PATCH', ME, { body: { nick: 'New', ...body } });

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, field)).toBe(code);
    expect(sandbox.member(GUILD, BOT)).toEqual(before);
  });

  it('is refused as a whole when the nickname is not allowed', async () => {
    const { call, sandbox } = await startSandbox({ guild: { botPermissions: 0n } });

    const { status, body } = await call('PATCH', ME, { body: { nick: 'New', bio: 'New' } });

    expect([status, body.code]).toEqual([403, 50013]);
    expect(sandbox.member(GUILD, BOT)?.bio).toBeNull();
  });
});

describe("the bot's own nickname, by the deprecated path", () => {
  const NICK = `${ME}/nick`;

  it('is changed and answered alone', async () => {
    const { call, sandbox } = await startSandbox();

    const set = await call('PATCH', NICK, { body: { nick: ' Helper ', bio: 'x' } });
    const unchanged = await call('PATCH', NICK, { body: {} });
    const removed = await call('PATCH', NICK, { body: { nick: null } });

    expect([set.body, unchanged.body, removed.body]).toEqual([
      { nick: 'Helper' },
      { nick: 'Helper' },
      { nick: null },
    ]);
    expect(sandbox.member(GUILD, BOT)).toMatchObject({ nick: null, bio: null });
  });

  it('is refused without its permission, and when it is too long', async () => {
    const { call } = await startSandbox();
    const without = await startSandbox({ guild: { botPermissions: 0n } });

    const refused = await without.call('PATCH', NICK, { body: { nick: 'Helper' } });
    const tooLong = await call('PATCH', NICK, { body: { nick: 'x'.repeat(33) } });

    expect([refused.status, refused.body.code]).toEqual([403, 50013]);
    expect(fieldError(tooLong, 'nick')).toBe('BASE_TYPE_MAX_LENGTH');
  });
});

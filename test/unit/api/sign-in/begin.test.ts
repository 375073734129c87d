import { createHash } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { InputError } from '../../../../services/lib/errors.js';
import { CLIENT_ID, OTHER_CLIENT_ID } from '../../../builders/api-views.js';
import { faultsOf, startApi } from '../start-api.js';
import {
  alice,
  BEGIN,
  KEYS,
  PUBLIC_URL,
  startSignIn,
  type SignInSetting,
} from './start-sign-in.js';

let site: SignInSetting;
beforeAll(async () => {
  site = await startSignIn();
});
afterAll(async () => site.server.stop());
beforeEach(() => site.reset());

const begin = (input: Readonly<Record<string, unknown>> = {}, key?: string) =>
  site.ask(BEGIN, { input: { ...alice, ...input } }, key === undefined ? {} : { key });

describe('beginDiscordLink', () => {
  it('returns an address that expires after ten minutes, and stores only the hash of its ticket', async () => {
    const { body } = await begin({
      email: ' alice@example.org ',
      returnTo: 'HTTPS://platform.example/me',
    });

    const { url, expiresAt, warnings } = body.data.beginDiscordLink;
    const ticket = new URL(url).searchParams.get('ticket') ?? '';
    expect(url).toBe(`${PUBLIC_URL}/discord/sso/start?ticket=${ticket}`);
    expect(Buffer.from(ticket, 'base64url')).toHaveLength(32);
    expect(expiresAt).toBe('2026-11-22T18:10:00.000Z');
    expect(warnings).toEqual([]);
    expect(site.lastArguments('signIn.openTicket')).toEqual([
      {
        ticketHash: createHash('sha256').update(ticket).digest('hex'),
        clientId: CLIENT_ID,
        platformUserId: 'alice',
        email: 'alice@example.org',
        returnTo: 'https://platform.example/me',
        expiresAt: new Date('2026-11-22T18:10:00Z'),
      },
    ]);
  });

  it('creates a new ticket each time', async () => {
    expect(await site.begin()).not.toBe(await site.begin());
  });

  it('requires the write scope, and a key that is not limited to other clients', async () => {
    expect(faultsOf(await begin({}, KEYS.read))).toEqual([{ code: 'FORBIDDEN' }]);
    expect(faultsOf(await begin({}, KEYS.write))).toEqual([]);
    expect(faultsOf(await begin({}, KEYS.limited))).toEqual([]);
    expect(faultsOf(await begin({ clientId: OTHER_CLIENT_ID }, KEYS.limited))).toEqual([
      { code: 'FORBIDDEN', field: 'input.clientId' },
    ]);
  });

  it.each([
    [{ returnTo: 'https://evil.example/' }, 'input.returnTo'],
    [{ returnTo: '//platform.example/' }, 'input.returnTo'],
    [{ returnTo: 'javascript:alert(1)' }, 'input.returnTo'],
    [{ returnTo: '' }, 'input.returnTo'],
    [{ returnTo: 'https://platform.example/\n' }, 'input.returnTo'],
    [{ returnTo: `https://platform.example/${'x'.repeat(2000)}` }, 'input.returnTo'],
    [{ email: 'nobody' }, 'input.email'],
    [{ email: 'a@b\u0000' }, 'input.email'],
    [{ email: '' }, 'input.email'],
    [{ platformUserId: '' }, 'input.platformUserId'],
    [{ platformUserId: 'a\nb' }, 'input.platformUserId'],
    [{ clientId: 'x' }, 'input.clientId'],
  ])('refuses %o, and creates no ticket', async (input, field) => {
    expect(faultsOf(await begin(input))).toEqual([{ code: 'BAD_USER_INPUT', field }]);
    expect(site.calls).not.toContain('signIn.openTicket');
  });

  it('returns NOT_FOUND for an unknown client', async () => {
    const clientId = OTHER_CLIENT_ID;

    expect(faultsOf(await begin({ clientId }))).toEqual([
      { code: 'NOT_FOUND', field: 'input.clientId' },
    ]);
  });

  it('returns FAILED_PRECONDITION for a deleted user', async () => {
    site.world.signIn.deletedUsers = ['alice'];

    expect(faultsOf(await begin())).toEqual([{ code: 'FAILED_PRECONDITION' }]);
  });

  it('returns FAILED_PRECONDITION for an ending client, and creates no ticket', async () => {
    site.fail(
      'signIn.findSignInClient',
      new InputError('FAILED_PRECONDITION', 'the client is ending'),
    );

    expect(faultsOf(await begin())).toEqual([{ code: 'FAILED_PRECONDITION' }]);
    expect(site.calls).not.toContain('signIn.openTicket');
  });

  it('warns about a callback URL of another origin, which would not receive the cookies', async () => {
    site.reset({
      callbackUrl: 'https://elsewhere.example/discord/sso/callback',
    });

    const { body } = await begin();

    expect(body.data.beginDiscordLink.warnings).toEqual([
      expect.stringContaining('callbackUrl has a different origin'),
    ]);
  });
});

describe('the address of the start page', () => {
  it.each([
    ['https://c.example/', 'https://c.example/discord/sso/start'],
    ['https://c.example/below/', 'https://c.example/below/discord/sso/start'],
  ])('begins with PUBLIC_URL %s', async (publicUrl, start) => {
    const api = await startApi({}, { publicUrl });
    const { body } = await api.ask(BEGIN, { input: alice });
    await api.server.stop();

    expect(body.data.beginDiscordLink.url).toContain(`${start}?ticket=`);
  });

  it('begins with the address that the API listens on in the sandbox', async () => {
    const api = await startApi({}, { isProduction: false });
    const { body } = await api.ask(BEGIN, { input: alice });
    await api.server.stop();

    expect(body.data.beginDiscordLink.url).toContain(`${api.url}/discord/sso/start?ticket=`);
  });

  it('requires PUBLIC_URL in production, and is never a loopback address', async () => {
    const api = await startApi();
    const answer = await api.ask(BEGIN, { input: alice });
    const page = await fetch(`${api.url}/discord/sso/start?ticket=x`);
    const text = await page.text();
    await api.server.stop();

    expect(faultsOf(answer)).toEqual([{ code: 'FAILED_PRECONDITION' }]);
    expect(answer.body.errors?.[0]?.message).toContain('PUBLIC_URL');
    expect(api.calls).not.toContain('signIn.openTicket');
    expect(page.status).toBe(503);
    expect(text).toContain('<code>SETUP_FAULT</code>');
  });
});

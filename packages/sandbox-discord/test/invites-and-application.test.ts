import { describe, expect, it } from 'vitest';

import { CALLBACK, startOauthSandbox, OTHER_CALLBACK, SECRET } from './oauth-world.js';
import { APPLICATION, GUILD, OWNER } from './small-world.js';

const nobody = { headers: { Authorization: '' } };

describe('an invite', () => {
  it('tells its guild and that it lasts, to a bot as to anybody', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const { code } = sandbox.moderator.createInvite({
      guildId: GUILD,
      inviterId: OWNER,
    });
    const path = `/invites/${code}`;

    for (const who of [{}, nobody]) {
      const { status, body } = await call('GET', path, who);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        type: 0,
        code,
        expires_at: null,
        guild_id: GUILD,
        guild: { id: GUILD, name: 'Small guild', features: [] },
        channel: { name: 'general', type: 0 },
        inviter: { id: OWNER },
      });
      expect(body).not.toHaveProperty('approximate_member_count');
    }
  });

  it('counts members when asked to', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const { code } = sandbox.moderator.createInvite({ guildId: GUILD });

    const { body } = await call('GET', `/invites/${code}?with_counts=true&with_expiration=true`);

    expect(body).toMatchObject({
      approximate_member_count: 4,
      approximate_presence_count: 0,
    });
    expect(body).not.toHaveProperty('inviter');
  });

  it('tells when it ends, and is unknown from then on', async () => {
    const { sandbox, call, advance } = await startOauthSandbox();
    const { code } = sandbox.moderator.createInvite({
      guildId: GUILD,
      code: 'for-a-day',
      maxAge: 86_400,
    });

    const { body } = await call('GET', `/invites/${code}`);
    advance(86_400_000);
    const late = await call('GET', `/invites/${code}`);

    expect(body).toMatchObject({
      expires_at: '2023-11-15T22:13:20.000000+00:00',
    });
    expect([late.status, late.body.code]).toEqual([404, 10006]);
  });

  it.each([
    ['was used up', 'used-up'],
    ['was never made', 'never-made'],
    ['was taken back', 'taken-back'],
  ])('that %s is unknown', async (_name, code) => {
    const { sandbox, call } = await startOauthSandbox();
    const guildId = GUILD;
    const used = { maxUses: 2, uses: 2 };
    sandbox.moderator.createInvite({ guildId, code: 'used-up', ...used });
    sandbox.moderator.createInvite({ guildId, code: 'taken-back' });
    sandbox.moderator.expireInvite('taken-back');

    const { status, body } = await call('GET', `/invites/${code}`);

    expect(status).toBe(404);
    expect(body).toEqual({ message: 'Unknown Invite', code: 10006 });
  });

  it('is not shown to a token that is none', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const { code } = sandbox.moderator.createInvite({ guildId: GUILD });
    const headers = { Authorization: 'Bot wrong' };

    expect((await call('GET', `/invites/${code}`, { headers })).status).toBe(401);
  });

  it('is part of the world that is kept', async () => {
    const { sandbox } = await startOauthSandbox();
    const invite = sandbox.moderator.createInvite({ guildId: GUILD });

    expect(sandbox.world().invites).toEqual([invite]);
    expect(() => sandbox.moderator.createInvite({ guildId: '1' })).toThrow('no guild with id 1');
    expect(() => sandbox.moderator.expireInvite('none')).toThrow('no invite with id none');
  });
});

describe('an application', () => {
  it('shows where people may be sent back to, and how it is installed', async () => {
    const { call } = await startOauthSandbox();

    const { body } = await call('GET', '/applications/@me');

    expect(body).toMatchObject({
      redirect_uris: [CALLBACK, OTHER_CALLBACK],
      description: '',
      bot_public: false,
      bot_require_code_grant: false,
      integration_types_config: { '0': {} },
      eligible_oauth2_scopes: expect.arrayContaining(['guilds.join']),
    });
    expect(body).not.toHaveProperty('install_params');
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  it('is edited while it runs, and the consent page follows', async () => {
    const { sandbox, call, visit } = await startOauthSandbox();
    const installParams = { scopes: ['bot'], permissions: '268435457' };

    sandbox.moderator.editApplication({
      applicationId: APPLICATION,
      name: 'Renamed',
      redirectUris: ['https://example.org/new'],
      isBotPublic: true,
      botRequiresCodeGrant: true,
      installParams,
    });
    const { body } = await call('GET', '/applications/@me');
    const old = await visit();
    const renamed = await visit({ redirect_uri: 'https://example.org/new' });

    expect(body).toMatchObject({
      name: 'Renamed',
      redirect_uris: ['https://example.org/new'],
      bot_public: true,
      bot_require_code_grant: true,
      install_params: installParams,
      integration_types_config: {
        '0': { oauth2_install_params: installParams },
      },
    });
    expect(await old.text()).toContain('Invalid OAuth2 redirect_uri');
    expect(await renamed.text()).toContain('>Renamed</strong>');
  });

  it('with a new secret does not know the old one any more', async () => {
    const { sandbox, refresh } = await startOauthSandbox();
    sandbox.moderator.editApplication({
      applicationId: APPLICATION,
      clientSecret: 'new',
    });

    expect((await refresh('any')).status).toBe(401);
    expect((await refresh('any', { client_secret: 'new' })).status).toBe(400);
  });

  it('must be known to be edited', async () => {
    const { sandbox } = await startOauthSandbox();

    expect(() => sandbox.moderator.editApplication({ applicationId: '1' })).toThrow(
      'no application with id 1',
    );
  });
});

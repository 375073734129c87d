import { describe, expect, it } from 'vitest';

import { checkClientAddress } from '../../../services/discord/rest/endpoints.js';

const production = {
  isProduction: true,
  publicUrl: 'https://connector.example.org/below',
};
const sandbox = { isProduction: false, publicUrl: 'http://127.0.0.1:4000' };

describe('an invite', () => {
  it.each([
    'https://discord.gg/aB-3',
    'https://DISCORD.gg/aB-3/',
    'https://discord.com/invite/aB-3',
    'https://discord.com/invite/aB-3?event=1',
    'https://discordapp.com/invite/aB-3',
  ])('may be %s', (address) => {
    expect(checkClientAddress('inviteUrl', address, production)).toBeNull();
    expect(checkClientAddress('inviteUrl', address, sandbox)).toBeNull();
  });

  it.each([
    ['http://discord.gg/aB-3', 'https'],
    ['http://127.0.0.1:4001/invite/aB-3', 'https'],
    ['https://127.0.0.1:4001/invite/aB-3', 'a Discord invite'],
    ['https://admin@discord.gg/aB-3', 'user name'],
    ['https://admin:secret@discord.gg/aB-3', 'user name'],
    ['https://@discord.gg/aB-3', 'user name'],
    ['https://discord.gg@evil.example/aB-3', 'user name'],
    ['https://discord.gg/aB-3#x', 'fragment'],
    ['https://discord.gg/aB-3#', 'fragment'],
    ['https://evil.example/invite/aB-3', 'a Discord invite'],
    ['https://discord.gg.evil.example/aB-3', 'a Discord invite'],
    ['https://evil-discord.gg/aB-3', 'a Discord invite'],
    ['https://discord.gg./aB-3', 'a Discord invite'],
    ['https://discord.gg:8443/aB-3', 'a Discord invite'],
    ['https://discord.com/aB-3', 'a Discord invite'],
    ['https://discord.com/oauth2/authorize?client_id=1', 'a Discord invite'],
    ['https://discord.gg/', 'a Discord invite'],
    ['https:discord.gg/aB-3', 'absolute URL'],
    ['https:\\\\discord.gg/aB-3', 'absolute URL'],
    ['https://discord.gg\\@evil.example/aB-3', 'absolute URL'],
    ['https://dıscord.gg/aB-3', 'absolute URL'],
    ['https://discord.gg/a B', 'absolute URL'],
    ['javascript:alert(1)', 'absolute URL'],
    ['discord.gg/aB-3', 'absolute URL'],
  ])('must not be %j in production', (address, fault) => {
    expect(checkClientAddress('inviteUrl', address, production)).toContain(fault);
  });

  it('may point to a sandbox Discord outside production', () => {
    const address = 'http://127.0.0.1:4001/invite/aB-3';

    expect(checkClientAddress('inviteUrl', address, sandbox)).toBeNull();
  });
});

describe('a callback address', () => {
  const check = (address: string, rules = production) =>
    checkClientAddress('callbackUrl', address, rules);

  it.each([
    'https://connector.example.org/discord/sso/callback',
    'https://CONNECTOR.example.org:443/below/discord/sso/callback?guild=1',
  ])('may be %s', (address) => {
    expect(check(address)).toBeNull();
  });

  it.each([
    ['http://connector.example.org/discord/sso/callback', 'https'],
    ['https://connector.example.org/discord/sso/callback#x', 'fragment'],
    ['https://alice@connector.example.org/discord/sso/callback', 'user name'],
    ['https://connector.example.org@evil.example/', 'user name'],
    ['https://evil.example/discord/sso/callback', 'PUBLIC_URL'],
    ['https://connector.example.org:8443/discord/sso/callback', 'PUBLIC_URL'],
    ['https://connector.example.org.evil.example/', 'PUBLIC_URL'],
    ['http://localhost:4000/discord/sso/callback', 'https'],
    ['javascript:alert(1)', 'absolute URL'],
  ])('must not be %j in production', (address, fault) => {
    expect(check(address)).toContain(fault);
  });

  it('may be on any host with https while PUBLIC_URL is not set', () => {
    const rules = { isProduction: true, publicUrl: null };

    expect(checkClientAddress('callbackUrl', 'https://c.example.org/cb', rules)).toBeNull();
    expect(checkClientAddress('callbackUrl', 'http://c.example.org/cb', rules)).toContain('https');
  });

  it('may be http outside production, but only on loopback', () => {
    for (const host of ['127.0.0.1:4000', 'localhost:4000', '[::1]:4000'])
      expect(check(`http://${host}/discord/sso/callback`, sandbox)).toBeNull();
    expect(check('http://192.168.0.1/cb', sandbox)).toContain('https');
    expect(check('http://127.0.0.1.evil.example/cb', sandbox)).toContain('https');
  });
});

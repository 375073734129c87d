import { describe, expect, it } from 'vitest';

import {
  checkApiBase,
  checkEndpoint,
  DISCORD_ENDPOINTS,
} from '../../../services/discord/rest/endpoints.js';

const production = { allowlist: [], isProduction: true };
const development = { allowlist: [], isProduction: false };

describe('an endpoint', () => {
  it.each(Object.values(DISCORD_ENDPOINTS))('may be Discord’s own %s', (endpoint) => {
    expect(checkEndpoint(endpoint, production)).toBeNull();
  });

  it.each([
    'https://ptb.discord.com/api/v10',
    'https://canary.discord.com/api/v10',
    'https://DISCORD.com:443/api/v10',
  ])('may be %s', (endpoint) => {
    expect(checkEndpoint(endpoint, production)).toBeNull();
  });

  it.each([
    ['http://discord.com/api/v10', /https/],
    ['ftp://discord.com/api/v10', /https/],
    ['https://discord.com:8443/api/v10', /host/],
    ['https://discord.com.evil.example/api/v10', /host/],
    ['https://evil-discord.com/api/v10', /host/],
    ['https://discordapp.com/api/v10', /host/],
    ['https://discord.com./api/v10', /host/],
    ['https://bot:pass@discord.com/api/v10', /password/],
    ['https://discord.com@evil.example/api/v10', /password/],
    ['https://discord.com/api/v10?x=1', /query/],
    ['https://discord.com/api/v10?', /query/],
    ['https://discord.com/api/v10#x', /fragment/],
    ['https://discord.com\\@evil.example/api/v10', /not a URL/],
    ['https://discord.com/api/v10\n', /not a URL/],
    ['discord.com/api/v10', /not a URL/],
    ['https://127.0.0.1/api/v10', /host/],
    ['http://localhost:3000/api/v10', /https/],
  ])('must not be %j in production', (endpoint, fault) => {
    expect(checkEndpoint(endpoint, production)).toMatch(fault);
  });

  it.each([
    'http://127.0.0.1:4000/api/v10',
    'http://localhost:4000/api/v10',
    'http://[::1]:4000/api/v10',
  ])('may be %s outside production', (endpoint) => {
    expect(checkEndpoint(endpoint, development)).toBeNull();
  });

  it.each(['http://192.168.0.1/api/v10', 'http://127.0.0.1.evil.example/v10'])(
    'must not be %s even outside production',
    (endpoint) => {
      expect(checkEndpoint(endpoint, development)).toMatch(/https/);
    },
  );

  it('may be on the allow list with its port, and still needs https', () => {
    const rules = {
      allowlist: ['Proxy.example', 'other.example:8443'],
      isProduction: true,
    };

    expect(checkEndpoint('https://proxy.example/v10', rules)).toBeNull();
    expect(checkEndpoint('https://other.example:8443/v10', rules)).toBeNull();
    expect(checkEndpoint('https://proxy.example:81/v10', rules)).toMatch(/host/);
    expect(checkEndpoint('http://proxy.example/v10', rules)).toMatch(/https/);
  });
});

describe('the API base', () => {
  it('may be an allowed endpoint that names its version', () => {
    expect(checkApiBase('https://discord.com/api/v10', production)).toBeNull();
  });

  it.each([
    'https://discord.com/api',
    'https://discord.com/api/v10/',
    'https://discord.com/api/vX',
    'https://discord.com/api/10',
  ])('must not be %s, which does not name its version', (apiBase) => {
    expect(checkApiBase(apiBase, production)).toMatch(/version/);
  });

  it('must be an allowed endpoint', () => {
    expect(checkApiBase('https://evil.example/v10', production)).toMatch(/host/);
  });
});

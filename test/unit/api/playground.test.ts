import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

import { getOperationAST, Kind, OperationTypeNode, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readTabs } from '../../../services/api/playground/page.js';
import { CLIENT_ID } from '../../builders/api-views.js';
import { aSweep } from '../../builders/sweep-views.js';
import { faultsOf, startApi, type StartedApi } from './start-api.js';

const OPERATIONS = new URL('../../../schema/operations/', import.meta.url);

let api: StartedApi;
let page: Response;
let html: string;
beforeAll(async () => {
  api = await startApi(
    {},
    {
      publicUrl: 'https://connector.example',
      playgroundVariables: async () => ({ clientId: CLIENT_ID }),
    },
  );
  page = await openPage();
  html = await page.text();
});
afterAll(async () => api.server.stop());

const variablesOf = (text: string): Record<string, unknown> => JSON.parse(text);

const openPage = (headers: Record<string, string> = {}) =>
  fetch(`${api.url}/admin`, { headers: { accept: 'text/html', ...headers } });

describe('the playground page', () => {
  it('is served without a key', () => {
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  it('contains all of its assets', () => {
    const markup = html.replaceAll(/<script>[\s\S]*?<\/script>/g, '');
    const addresses = [...markup.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(
      ([, address]) => address ?? '',
    );
    const fetched = [...markup.matchAll(/url\(\s*['"]?([^'")]{0,30})/g)].map(
      ([, address]) => address ?? '',
    );

    expect(addresses.length).toBeGreaterThan(0);
    for (const address of [...addresses, ...fetched]) expect(address).toMatch(/^(data:|#)/);
    expect(markup).not.toMatch(/@import/);
  });

  it('may run only its own scripts, and connect only to this server', () => {
    const policy = page.headers.get('content-security-policy') ?? '';
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)];

    expect(scripts).toHaveLength(3);
    for (const [, script] of scripts)
      expect(policy).toContain(
        `'sha256-${createHash('sha256')
          .update(script ?? '')
          .digest('base64')}'`,
      );
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/http|\*|unsafe-eval|script-src[^;]*unsafe/);
  });

  it('is sent compressed, and not resent while it is unchanged', async () => {
    const etag = page.headers.get('etag') ?? '';
    const again = await openPage({ 'if-none-match': etag });
    const plain = await openPage({ 'accept-encoding': 'identity' });

    expect(page.headers.get('content-encoding')).toBe('gzip');
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(html);
  });

  it('has the ready-made operations as tabs, in the order of their files', async () => {
    const names = (await readdir(OPERATIONS)).toSorted();
    const texts = await Promise.all(
      names.map((name) => readFile(new URL(name, OPERATIONS), 'utf8')),
    );
    const places = texts.map((text) => html.indexOf(JSON.stringify(text)));

    expect(names).toHaveLength(20);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(html).toContain(JSON.stringify('{\n  "Authorization": "Bearer "\n}'));
  });
});

describe('the playground tabs', () => {
  it('fill in known variables and defaults, and leave other required variables empty', async () => {
    const tabs = await readTabs(OPERATIONS, { clientId: CLIENT_ID });

    const variables = Object.fromEntries(
      tabs.map((tab) => {
        const [definition] = parse(tab.query).definitions;
        const name = definition?.kind === Kind.OPERATION_DEFINITION ? definition.name?.value : '';
        return [name, variablesOf(tab.variables)];
      }),
    );
    expect(variables).toMatchObject({
      LookAround: {},
      SeeTheRole: { clientId: CLIENT_ID, platformUserId: 'alice' },
      MapARole: { clientId: CLIENT_ID, roleId: '' },
      MemberPlan: { linkId: '' },
      SweepNow: { clientId: CLIENT_ID, kind: 'VERIFY_GROUPS', dryRun: true },
    });
  });
});

describe('operations in the playground', () => {
  const path = '/admin';

  it('require a key', async () => {
    const asked = await api.ask('{ discordClients { id } }', {}, { path, key: null });
    const schema = await api.ask('{ __schema { types { name } } }', {}, { path, key: null });

    expect(faultsOf(asked)).toEqual([{ code: 'UNAUTHENTICATED' }]);
    expect(asked.body.data).toBeUndefined();
    expect(faultsOf(schema)).toEqual([{ code: 'UNAUTHENTICATED' }]);
  });

  it('get the same response as at /graphql', async () => {
    const answer = await api.ask('{ discordClient(id: "x") { id } }', {}, { path });
    const there = await api.ask('{ discordClient(id: "x") { id } }');

    const withoutIds = ({ body }: typeof answer) =>
      JSON.stringify(body).replaceAll(/"requestId":"[^"]+"/g, '');
    expect(withoutIds(answer)).toEqual(withoutIds(there));
    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'id' }]);
  });

  it('let the editor read the schema', async () => {
    const answer = await api.ask('{ __schema { queryType { name } } }', {}, { path });

    expect(answer.body.data).toEqual({
      __schema: { queryType: { name: 'Query' } },
    });
  });

  it('run unchanged from every tab, except subscriptions', async () => {
    const held = aSweep({ state: 'HELD', finishedAt: null });
    for (const { query, variables } of await readTabs(OPERATIONS, {
      clientId: CLIENT_ID,
      linkId: api.world.links[0]?.id,
      roleId: '300000000000000001',
      discordUserId: '400000000000000009',
      sweepId: held.id,
      hash: held.plan?.hash,
    })) {
      // Subscriptions stay open. Their own tests run them.
      const operation = getOperationAST(parse(query))?.operation;
      if (operation === OperationTypeNode.SUBSCRIPTION) continue;
      api.world.sweeps = [held];
      const answer = await api.ask(query, variablesOf(variables), { path });

      expect(answer.body.errors, query).toBeUndefined();
    }
  });
});

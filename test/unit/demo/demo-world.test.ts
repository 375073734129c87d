import { createSandboxDiscord } from 'sandbox-discord';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEMO, demoWorld } from '../../../services/demo/demo-world.js';
import { checkClient } from '../../../services/discord/doctor/check-client.js';
import { setUpGateway } from '../discord/gateway-setup.js';

const botToken = 'tok.of-the-demonstration';
const discord = createSandboxDiscord({
  world: demoWorld({ botToken, clientSecret: 'secret' }),
  limits: null,
});

let apiBase: string;
beforeAll(async () => {
  ({ apiBase } = await discord.start());
});
afterAll(() => discord.stop());

test('the demonstration gives the bot everything that a live client needs', async () => {
  const { guildId, applicationId } = DEMO;
  const { gateway } = setUpGateway(apiBase, {
    credentials: async () => ({ apiBase, botToken, applicationId, guildId }),
  });

  const checks = await checkClient({
    discord: gateway,
    guild: { clientId: 'demo', guildId, revision: 'first', applicationId },
    mappedRoleIds: [],
    hasNicknamePolicy: true,
    joinsPeople: true,
    isLive: true,
  });

  expect(checks.filter(({ result }) => result !== 'OK')).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['server members intent', 'permission View Audit Log']),
  );
});

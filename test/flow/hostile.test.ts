import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { RAW } from '../hostile/raw-http.js';
import { hostileRequests } from '../hostile/requests.js';
import { CANARY } from '../hostile/texts.js';
import { eventually } from '../support/eventually.js';
import { createHostileClient, faultOfAnswer, sendRaw } from '../hostile/client.js';
import { startService, type Service } from '../support/service.js';
import { createDataFolder, demonstrationIsDone } from '../support/story.js';

const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_261_122);
const OPERATIONS = 600;

const Clients = z.object({
  discordClients: z.array(
    z.object({
      id: z.string(),
      mappings: z.array(z.object({ id: z.string() })),
    }),
  ),
});
const Links = z.object({
  discordUsers: z.object({ nodes: z.array(z.object({ id: z.string() })) }),
});

/** Ids of the client, its mappings and its links, so that some requests reach the database. */
async function idsOf(service: Service): Promise<readonly string[]> {
  const { discordClients } = Clients.parse(
    await service.api('{ discordClients { id mappings { id } } }'),
  );
  const ids = discordClients.flatMap(({ id, mappings }) => [
    id,
    ...mappings.map((mapping) => mapping.id),
  ]);
  const { discordUsers } = Links.parse(
    await service.api(
      'query ($clientId: ID!) { discordUsers(clientId: $clientId) { nodes { id } } }',
      { clientId: discordClients[0]?.id },
    ),
  );
  return [...ids, ...discordUsers.nodes.map(({ id }) => id)];
}

describe('the service under hostile requests', () => {
  test(`answers each with a code, reports no internal error, and keeps running: ${OPERATIONS} operations from seed ${SEED}`, async ({
    onTestFinished,
  }) => {
    const folder = await createDataFolder();
    onTestFinished(folder.remove);
    const service = await startService({ env: { DATA_DIR: folder.path } });
    onTestFinished(service.kill);
    await eventually(() => demonstrationIsDone(service));
    const client = createHostileClient(service.address, service.key);
    const requests = hostileRequests(SEED, OPERATIONS, await idsOf(service));
    const faults: string[] = [];
    const work = async () => {
      for (const request of requests) {
        const fault = faultOfAnswer(await client.send(request));
        if (fault === null) continue;
        const body = request.body?.toString().slice(0, 1_500) ?? '';
        faults.push(`${request.name}: ${fault} to ${body}`);
      }
    };

    await Promise.all([work(), work(), work(), work()]);
    for (const [, bytes, begin] of RAW)
      expect(await sendRaw(service.address, bytes.replace('KEY', service.key))).toMatch(begin);
    client.close();

    expect(faults).toEqual([]);
    await eventually(async () => (await service.readiness()).status === 'ready');
    await service.api('{ discordClients { id } }');
    expect(service.said()).not.toContain(CANARY);
    expect(service.said()).not.toContain('request failed');
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});

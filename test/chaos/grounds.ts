import { afterAll } from 'vitest';

import { hasKafka, testBroker } from '../support/broker.js';
import { createClusterTemplate, type ClusterTemplate } from './cluster.js';
import { createMigratedDatabase } from '../support/store.js';
import type { Ground } from './stage.js';
import type { World } from './steps.js';

/**
 * A database of the world's own, for as long as it is played; for a service one that is a server of
 * its own.
 */
export async function playOnGround<T>(
  world: World,
  play: (ground: Ground) => Promise<T>,
): Promise<T> {
  const { drop, ...ground } = await groundFor(world);
  try {
    return await play(ground);
  } finally {
    await drop();
  }
}

async function groundFor(world: World): Promise<Ground & { readonly drop: () => Promise<void> }> {
  if (world.crew.kind !== 'service') {
    const { url, drop } = await createMigratedDatabase();
    return { url, drop, cluster: null, brokers: null };
  }
  const cluster = await (await (template ??= createClusterTemplate())).start();
  const brokers = hasKafka() ? testBroker().brokers : null;
  const drop = async () => cluster.stop();
  return { url: cluster.url, drop, cluster, brokers };
}

let template: Promise<ClusterTemplate> | undefined;
afterAll(async () => (await template)?.end());

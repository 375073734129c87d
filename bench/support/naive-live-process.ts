import { once } from 'node:events';
import { join } from 'node:path';

import { endChild, spawnBound } from '../../test/support/spawn-bound.js';
import type { NaiveLiveSettings } from '../naive/live-main.js';
import { rolesOf, type SettledGuild } from './settled-guild.js';

/** Starts the naive bot that listens to events. Resolves once they arrive. */
export async function startNaiveLive(
  api: string,
  settled: readonly SettledGuild[],
): Promise<{ stop(): Promise<void> }> {
  const child = await spawnBound(
    [
      process.execPath,
      '--import',
      import.meta.resolve('tsx'),
      join(import.meta.dirname, '../naive/live-main.ts'),
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true },
  );
  const settings: NaiveLiveSettings = {
    api,
    servers: settled.map((one) => ({
      guildId: one.guild.guildId,
      token: one.guild.botToken,
      mappedRoleIds: one.guild.roleIds,
      members: one.guild.discordUserIds.map((id, place) => [id, rolesOf(one, place)]),
    })),
  };
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the naive bot ended with ${code}`);
  });
  ended.catch(() => undefined);
  const isReady = once(child, 'message');
  child.send(settings);
  await Promise.race([isReady, ended]);
  return { stop: () => endChild(child, 15_000) };
}

import { once } from 'node:events';
import { join } from 'node:path';

import { uniqueName } from '../../test/support/broker.js';
import { endChild, spawnBound } from '../../test/support/spawn-bound.js';
import type { NaiveSettings } from '../naive/main.js';
import type { BenchGuild } from './bench-guilds.js';
import { openSql } from './open-sql.js';
import type { PlatformTopic } from './platform-topic.js';
import { mappedGroup } from './stock-store.js';

/** Starts the naive bot's process. Resolves once it consumes the topic. */
export async function startNaive(options: {
  readonly brokers: string;
  readonly topic: PlatformTopic;
  readonly databaseUrl: string;
  readonly api: string;
  readonly guilds: readonly BenchGuild[];
}): Promise<{ stop(): Promise<void> }> {
  const { brokers, topic, databaseUrl, api, guilds } = options;
  await stockNaive(databaseUrl, guilds);
  const consumerGroup = uniqueName('bench-naive');
  const child = await spawnBound(
    [
      process.execPath,
      '--import',
      import.meta.resolve('tsx'),
      join(import.meta.dirname, '../naive/main.ts'),
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true },
  );
  const settings: NaiveSettings = {
    brokers,
    topic: topic.name,
    consumerGroup,
    databaseUrl,
    api,
    servers: guilds.map(({ guildId, botToken }) => ({ guildId, token: botToken })),
  };
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the naive bot ended with ${code}`);
  });
  ended.catch(() => undefined);
  child.send(settings);
  await Promise.race([topic.waitForReader(consumerGroup), ended]);
  return { stop: () => endChild(child, 15_000) };
}

/** Links all members and maps group n to role n, like `stockStore` for the service. */
async function stockNaive(databaseUrl: string, guilds: readonly BenchGuild[]): Promise<void> {
  const sql = await openSql(databaseUrl);
  await sql.query(
    `create table naive_link (guild_id text, platform_user_id text, discord_user_id text,
       primary key (platform_user_id, guild_id));
     create table naive_mapping (guild_id text, group_id text, role_id text,
       primary key (guild_id, group_id, role_id))`,
  );
  for (const { guildId, discordUserIds, roleIds } of guilds) {
    await sql.query(
      `insert into naive_link select $1, 'user-' || id, id from unnest($2::text[]) as id`,
      [guildId, discordUserIds],
    );
    await sql.query(
      `insert into naive_mapping select $1, g, r from unnest($2::text[], $3::text[]) as m (g, r)`,
      [guildId, roleIds.map((_, index) => mappedGroup(index)), roleIds],
    );
  }
  await sql.end();
}

/** The process of the naive bot: consumes the platform's events and calls Discord. */
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { z } from 'zod';

import { connectRest, createNaiveBot } from './bot.js';

export interface NaiveSettings {
  readonly brokers: string;
  readonly topic: string;
  readonly consumerGroup: string;
  readonly databaseUrl: string;
  readonly api: string;
  readonly servers: readonly { readonly guildId: string; readonly token: string }[];
}

const Event = z.object({
  data: z.object({
    userId: z.string(),
    groupId: z.string(),
    change: z.enum(['added', 'removed']),
  }),
});

interface Target {
  readonly guild_id: string;
  readonly discord_user_id: string;
  readonly role_id: string;
}

const TARGETS = `select guild_id, discord_user_id, role_id from naive_link join naive_mapping using (guild_id)
  where platform_user_id = $1 and group_id = $2`;

process.once('message', (settings: NaiveSettings) => void run(settings));

async function run(settings: NaiveSettings): Promise<void> {
  const { brokers, topic, consumerGroup, databaseUrl, api, servers } = settings;
  const bots = new Map(
    servers.map(({ guildId, token }) => [
      guildId,
      createNaiveBot(connectRest({ api, token }), guildId),
    ]),
  );
  const database = new pg.Pool({ connectionString: databaseUrl });
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId: consumerGroup });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { data } = Event.parse(JSON.parse(String(message.value)));
      const { rows } = await database.query<Target>(TARGETS, [data.userId, data.groupId]);
      for (const { guild_id, discord_user_id, role_id } of rows)
        await bots.get(guild_id)?.change(discord_user_id, role_id, data.change);
    },
  });
  process.once('SIGTERM', () => void consumer.disconnect().then(() => process.exit()));
}

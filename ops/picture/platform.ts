import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { z } from 'zod';

import {
  membershipChanged,
  membershipSnapshot,
  type EventRecord,
} from '../../examples/producer/records.js';
import { accountOf, userOf, type Community } from './communities.js';
import { TOPIC, type Stage } from './stage.js';

/** What other services and admins do to the connector, by both doors. */
export interface Platform {
  /** Answers the client's id. */
  openCommunity(community: Community): Promise<string>;
  /** People `from` to `to`, without the last, by the API. */
  link(clientId: string, from: number, to: number): Promise<void>;
  /** The whole set of somebody's groups. */
  whole(n: number, groupIds: readonly string[]): EventRecord;
  /** A record of each of the first so many people. */
  tell(people: number, record: (n: number) => EventRecord): Promise<void>;
  /** What no reader understands. */
  mumble(): Promise<void>;
  sweep(clientId: string, kind: string): Promise<unknown>;
  /** Everyday's facts and questions, until the signal. */
  liveOn(clientId: string, signal: AbortSignal): Promise<void>;
}

const Made = z.object({
  createDiscordClient: z.object({ client: z.object({ id: z.string() }) }),
});

export function createPlatform({ service, apiBase, producer }: Stage): Platform {
  const send = async (messages: readonly EventRecord[]) => {
    await producer.send({ topic: TOPIC, messages: [...messages] });
  };
  const put = (n: number, change: 'added' | 'removed') =>
    membershipChanged({ userId: userOf(n), groupId: 'watch', change });
  const link: Platform['link'] = async (clientId, from, to) => {
    const users = Array.from({ length: to - from }, (_, n) => ({
      platformUserId: userOf(from + n),
      discordUserId: accountOf(from + n),
    }));
    await service.api(IMPORT, { input: { clientId, users } });
  };
  return {
    tell: (people, record) => send(Array.from({ length: people }, (_, n) => record(n))),
    whole: (n, groupIds) => membershipSnapshot({ userId: userOf(n), groupIds }),
    mumble: () => send([{ key: '?', value: 'not an event', headers: {} }]),
    sweep: (clientId, kind) => service.api(SWEEP, { clientId, kind }),
    link,
    async openCommunity({ settings, crowd, roles }) {
      const endpoints = { apiBase };
      const removalGuard = { minimum: 40, percent: 20 };
      const input = { ...settings, endpoints, removalGuard };
      const made = Made.parse(await service.api(CREATE, { input }));
      const { id: clientId } = made.createDiscordClient.client;
      const ids = Object.keys(roles);
      await service.api(NAME, { groups: ids.map((id) => ({ id, name: id })) });
      for (const [groupId, roleId] of Object.entries(roles))
        await service.api(MAP, { input: { clientId, groupId, roleId } });
      await link(clientId, 0, crowd.linked);
      return clientId;
    },
    async liveOn(clientId, signal) {
      const questions = await readQuestions();
      for (let n = 0; !signal.aborted; n += 1) {
        const changes = [put(60 + (n % 60), 'added')];
        if (n % 5 === 4) changes.push(put(60 + ((n - 4) % 60), 'removed'));
        // A broker that hangs keeps nobody from asking.
        void send(changes).catch(() => undefined);
        const filter = { platformUserIds: [userOf(n)] };
        for (const query of questions) await service.api(query, { clientId, filter });
        // Somebody asks for what is not there.
        if (n % 4 === 0) await service.api(SWEEP, { clientId }).catch(() => undefined);
        await delay(1_500);
      }
    },
  };
}

const OPERATIONS = join(import.meta.dirname, '../../schema/operations');
const ASKED = ['01-look-around', '02-find-a-person', '15-schedules', '18-sweeps'];

const readQuestions = () =>
  Promise.all(ASKED.map((name) => readFile(join(OPERATIONS, `${name}.graphql`), 'utf8')));

const CREATE = `mutation ($input: CreateDiscordClientInput!) {
  createDiscordClient(input: $input) { client { id } } }`;
const NAME = `mutation ($groups: [PlatformGroupInput!]!) {
  upsertPlatformGroups(input: { groups: $groups }) { counts { __typename } } }`;
const MAP = `mutation ($input: CreateRoleMappingInput!) {
  createRoleMapping(input: $input) { warnings } }`;
const IMPORT = `mutation ($input: ImportDiscordUsersInput!) {
  importDiscordUsers(input: $input) { warnings } }`;
const SWEEP = `mutation SweepNow($clientId: ID!, $kind: SweepKind!) {
  startSweep(input: { clientId: $clientId, kind: $kind }) { sweep { id } } }`;

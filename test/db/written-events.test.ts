import { beforeEach, expect, test } from 'vitest';

import { toCloudEvent } from '../../services/events/out/to-cloud-event.js';
import type { OutboxEvent } from '../../services/model.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import { addCrowd, CROWD, say } from '../support/crowd-fixture.js';
import { eventFaults } from '../support/event-schemas.js';
import { eventually } from '../support/eventually.js';
import { changeByHand } from '../support/hand-changes.js';
import { held, useSweeps } from '../support/sweep-fixture.js';
import { WRITTEN_TYPES } from '../unit/events/any-event.js';

const { applicationId, guildId, accounts, roles } = DEMO;
const sweeps = useSweeps();

beforeEach(async () => {
  await addCrowd(sweeps.rig());
});

/** Events as the relay sends them. */
async function sent(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const events: OutboxEvent[] = [];
  await sweeps.rig().store.outbox.drain(1000, async (batch) => void events.push(...batch));
  return events.map((event) => JSON.parse(String(toCloudEvent(event, '/discord-connector').value)));
}

async function leaveAndComeBack(): Promise<void> {
  const { moderator } = sweeps.rig().discord;
  moderator.leave({ guildId, discordUserId: accounts.bob });
  await sweeps.sweep('REMOTE_SYNC');
  moderator.join({ guildId, discordUserId: accounts.bob });
  await sweeps.sweep('REMOTE_SYNC');
}

async function unlink(platformUserId: string): Promise<void> {
  const { store, clientId } = sweeps.rig();
  const find = () => store.read.findLinkByPlatformUser(clientId, platformUserId);
  const link = await find();
  await store.links.unlinkMember({ id: link?.id ?? '', cause });
  await eventually(async () => (await find()) === undefined);
}

/** An event of the gateway. */
async function ban(discordUserId: string): Promise<void> {
  const { store, clientId } = sweeps.rig();
  await store.live.applyEvents({
    applicationId,
    position: null,
    clients: [{ clientId, shown: [], left: [], bans: [{ discordUserId, isBanned: true }] }],
  });
}

/** A moderator adds a role whose mapping has authority DISCORD. */
async function letDiscordSay(): Promise<void> {
  const { store, clientId, discord } = sweeps.rig();
  const [views] = await store.read.mappingsOfClients([clientId]);
  const recruits = views?.find(({ groupId }) => groupId === 'recruits');
  await store.mappings.updateMapping({
    id: recruits?.id ?? '',
    authority: 'DISCORD',
    cause,
  });
  await sweeps.sweep('REMOTE_SYNC');
  discord.moderator.giveRole(held('alice', roles.recruit));
  await sweeps.sweep('REMOTE_SYNC');
}

/** Another account keeps removing a role. */
async function disputeRole(): Promise<void> {
  const columns = {
    reversals: '3',
    disputed_since: 'now()',
    next_try_at: "now() + interval '1 day'",
  };
  await changeByHand(sweeps, { roleId: roles.pilot, columns });
  await sweeps.rig().store.applyFacts([membership('alice', 'directors', 'removed')]);
  await sweeps.rig().quiet();
}

test('every event type that the service writes matches its published schema', async () => {
  await sweeps.settledGuild();
  await leaveAndComeBack();
  await letDiscordSay();
  await ban(accounts.bob);
  await disputeRole();
  await unlink('bob');
  await say(sweeps.rig(), CROWD, 'removed');

  const events = await sent();

  for (const event of events)
    expect(eventFaults(String(event['type']), event), JSON.stringify(event)).toEqual([]);
  const types = new Set(events.map((event) => String(event['type'])));
  expect([...types].sort()).toEqual([...WRITTEN_TYPES].sort());
});

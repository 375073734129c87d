import { beforeEach } from 'vitest';

import type { Authority, MappingId } from '../../services/model.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import { held, useSweeps } from './sweep-fixture.js';

type Person = keyof typeof DEMO.accounts;
type Group = 'pilots' | 'directors' | 'recruits';

const ROLES: Readonly<Record<Group, string>> = {
  pilots: DEMO.roles.pilot,
  directors: DEMO.roles.director,
  recruits: DEMO.roles.recruit,
};

export interface Asked {
  readonly id: string;
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The demo guild with sweeps, where Discord has the say over the role of group "pilots". */
export function useDiscordSays() {
  const sweeps = useSweeps();
  let mappingId: MappingId;

  const rig = () => sweeps.rig();

  beforeEach(async () => {
    mappingId = await mappingOf('pilots');
    await setAuthority('DISCORD');
  });

  async function mappingOf(groupId: Group): Promise<MappingId> {
    const [mappings] = await rig().store.read.mappingsOfClients([rig().clientId]);
    return mappings?.find((each) => each.groupId === groupId)?.id ?? '';
  }

  async function setAuthority(authority: Authority): Promise<void> {
    await rig().store.mappings.updateMapping({
      id: mappingId,
      authority,
      cause,
    });
    await rig().quiet();
  }

  /** What a moderator does by hand at Discord, and then sweeps find. */
  const byHand = {
    give: (name: Person, group: Group = 'pilots') =>
      rig().discord.moderator.giveRole(held(name, ROLES[group])),
    take: (name: Person, group: Group = 'pilots') =>
      rig().discord.moderator.takeRole(held(name, ROLES[group])),
    leave: (name: Person) => rig().discord.moderator.leave(held(name, ROLES.pilots)),
    join: (name: Person) => rig().discord.moderator.join(held(name, ROLES.pilots)),
  };

  return {
    ...sweeps,
    setAuthority,
    mappingOf,
    mappingId: () => mappingId,
    byHand,
    verify: async () => sweeps.sweep('SYNC_ACCOUNTS'),
    holds: (name: Person, group: Group = 'pilots') =>
      rig().rolesOf(name)?.includes(ROLES[group]) ?? false,
    /** The platform's own events. */
    async says(name: Person, change: 'added' | 'removed', group: Group = 'pilots'): Promise<void> {
      await rig().store.applyFacts([membership(name, group, change)]);
      await rig().quiet();
    },
    async linkOf(name: Person) {
      const link = await rig().store.read.findLinkByPlatformUser(rig().clientId, name);
      if (link === undefined) throw new Error(`${name} is not linked`);
      return link;
    },
    async requestsOf(name: Person) {
      const link = await rig().store.read.findLinkByPlatformUser(rig().clientId, name);
      const [requests] = await rig().store.read.requestsOfLinks([link?.id ?? '']);
      return (requests ?? []).map(({ groupId, change, state }) => ({
        groupId,
        change,
        state,
      }));
    },
    /** Every request so far, the oldest first. */
    asked: async () =>
      sweeps.query<Asked & Record<string, unknown>>(
        `select id, key, data from outbox where type = 'discord.membership.requested.v1' order by position`,
      ),
    /** The same, in short. */
    async askedOf(): Promise<readonly string[]> {
      const rows = await sweeps.query<{ said: string }>(
        `select concat_ws(' ', data ->> 'change', key, data ->> 'groupId') as said from outbox
         where type = 'discord.membership.requested.v1' order by position`,
      );
      return rows.map(({ said }) => said);
    },
  };
}

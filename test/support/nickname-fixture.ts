import type { Attributes, NicknameStrategy } from '../../services/model.js';
import { DEMO } from '../../services/demo/demo-world.js';
import type { Store } from '../../services/store/store.js';
import { cause, nextOrder } from '../builders/store-world.js';
import { eventually } from './eventually.js';
import type { Rig } from './rig.js';
import { useSweeps } from './sweep-fixture.js';

const { guildId, accounts } = DEMO;

export type Person = keyof typeof accounts;

/** Who owns the demo's guild. */
export const OWNER = '400000000000000009';
/** The demo's role above the bot. */
export const FLEET_COMMAND = '300000000000000007';
export const PATCH = 'PATCH /guilds/{guild_id}/members/{user_id} 200';
export const REFUSED = 'PATCH /guilds/{guild_id}/members/{user_id} 403';

/** The demo guild, whose client names people, with a process that runs sweeps. */
export function useNicknames() {
  const world = useSweeps();
  const rig = (): Rig => world.rig();

  const names = {
    world,
    rig,
    discord: () => rig().discord,
    /** What the client names people by. */
    async policy(
      strategy: NicknameStrategy,
      template: string | null = null,
      more: Partial<Parameters<Store['clients']['updateClient']>[1]> = {},
    ) {
      const nicknamePolicy = {
        strategy,
        template,
        onUnlink: 'RESET' as const,
      };
      const patch = { nicknamePolicy, ...more };
      await rig().store.clients.updateClient(rig().clientId, patch, cause);
      await rig().quiet();
    },
    /** What the platform says of a person now. */
    async person(platformUserId: string, attributes: Attributes, username = platformUserId) {
      const order = nextOrder();
      await rig().store.applyFacts([
        {
          kind: 'userChanged',
          platformUserId,
          username,
          attributes,
          order,
          cause: { kind: 'EVENT', id: `e${order.timeUs}`, actor: 'site' },
        },
      ]);
      await rig().quiet();
    },
    async link(platformUserId: string, discordUserId: string) {
      const { linkId } = await rig().store.links.linkMember({
        clientId: rig().clientId,
        platformUserId,
        discordUserId,
        cause,
      });
      await rig().quiet();
      return linkId;
    },
    async unlink(linkId: string) {
      await rig().store.links.unlinkMember({ id: linkId, cause });
      await rig().quiet();
    },
    /** From its start to the end of the path's work for it; calls are counted from its start. */
    async sweep({
      dryRun = false,
      enforceStrategy = null,
    }: {
      readonly dryRun?: boolean;
      readonly enforceStrategy?: NicknameStrategy | null;
    } = {}) {
      rig().discord.calls.reset();
      const { id } = await world.ports().sweeps.startSweep({
        clientId: rig().clientId,
        kind: 'ENFORCE_NICKNAMES',
        dryRun,
        enforceStrategy,
        cause,
      });
      await eventually(async () => (await world.find(id)).finishedAt !== null);
      await rig().quiet();
      return world.find(id);
    },
    /** As Discord has it. */
    nickOf: (who: Person) => rig().discord.member(guildId, accounts[who])?.nick ?? null,
    rename(who: Person, nick: string | null) {
      rig().discord.moderator.setNick({
        guildId,
        discordUserId: accounts[who],
        nick,
      });
    },
    async linkOf(platformUserId: string) {
      const found = await rig().store.read.findLinkByPlatformUser(rig().clientId, platformUserId);
      return { state: found?.state, reason: found?.reason };
    },
    patches: () => rig().discord.calls.counts()[PATCH] ?? 0,
    refusals: () => rig().discord.calls.counts()[REFUSED] ?? 0,
  };
  return names;
}

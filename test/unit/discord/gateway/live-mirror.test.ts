import { expect, it } from 'vitest';

import type { LiveEvent, SessionPosition } from '../../../../services/discord/gateway/ports.js';
import { createSessionMemory } from '../../../fakes/live-memory.js';
import { GUILD, MEMBER, ROLE } from '../gateway-setup.js';
import { OWNER, startDiscord, startSession, STRANGER } from './live-setup.js';

/** A member as the events show them; null: not in the guild. */
type Mirror = Map<
  string,
  { readonly roleIds: readonly string[]; readonly nickname: string | null } | null
>;

function apply(mirror: Mirror, { change }: LiveEvent): void {
  if (change.kind === 'memberLeft') mirror.set(change.discordUserId, null);
  if (change.kind !== 'memberShown') return;
  const { roleIds, nickname } = change.member;
  mirror.set(change.discordUserId, { roleIds, nickname });
}

/** A small generator of repeatable random numbers. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

it.each([1, 2, 3])(
  'keeps a mirror equal to Discord over 1,000 changes, 20 breaks and 10 processes (seed %i)',
  async (seed) => {
    const random = seeded(seed);
    const pick = <T>(from: readonly [T, ...T[]]): T =>
      from[Math.floor(random() * from.length)] ?? from[0];
    const discord = await startDiscord();
    const { gateway, moderator, sandbox } = discord;
    const memory = createSessionMemory();
    const people = [MEMBER, STRANGER, OWNER] as const;
    const stored: Mirror = new Map();

    const change = (): void => {
      const which = { guildId: GUILD, discordUserId: pick(people) };
      if (!sandbox.member(GUILD, which.discordUserId)) return moderator.join(which);
      pick([
        () => moderator.giveRole({ ...which, roleId: ROLE }),
        () => moderator.takeRole({ ...which, roleId: ROLE }),
        () => moderator.setNick({ ...which, nick: `Name ${Math.floor(random() * 1000)}` }),
        () => moderator.leave(which),
      ])();
    };
    const breaks = [
      () => gateway.cut(),
      () => gateway.reconnect(),
      () => gateway.close({ code: 4000 }),
      () => gateway.invalidate({ isResumable: true }),
    ] as const;
    const process = () => {
      // What a process has received, but not stored, is lost with it.
      let waiting: { readonly event: LiveEvent | null; readonly position: SessionPosition }[] = [];
      const live = startSession(discord.apiBase, memory, {
        onEvent: (event, position) => void waiting.push({ event, position }),
        onPosition: (position) => void waiting.push({ event: null, position }),
      });
      const store = (most: number) => {
        for (const { event, position } of waiting.splice(0, most)) {
          if (event) apply(stored, event);
          memory.positions.set(0, position);
        }
      };
      const last = () => waiting.at(-1)?.position.sequence ?? memory.positions.get(0)?.sequence;
      return { live, store, last };
    };

    const gaps: string[] = [];
    let current = process();
    await current.live.ready();
    for (let round = 0; round < 20; round += 1) {
      for (let times = 0; times < 25; times += 1) change();
      pick(breaks)();
      for (let times = 0; times < 25; times += 1) change();
      await expect.poll(() => gateway.sessions()[0]?.sequence === current.last()).toBe(true);
      if (round % 2 === 0) {
        current.store(Math.floor(random() * 40));
        await current.live.session.stop();
        gaps.push(...current.live.gaps());
        current = process();
        await current.live.ready();
      } else current.store(Infinity);
    }
    await expect.poll(() => gateway.sessions()[0]?.sequence === current.last()).toBe(true);
    current.store(Infinity);
    gaps.push(...current.live.gaps());

    for (const discordUserId of people) {
      const member = sandbox.member(GUILD, discordUserId);
      expect(stored.get(discordUserId) ?? null).toEqual(
        member ? { roleIds: [...member.roleIds], nickname: member.nick } : null,
      );
    }
    expect(gaps[0]).toMatch(/^a new session began/);
    // A number of RESUMED that was not stored is taken for a missing event; nothing else is a gap.
    for (const reason of gaps.slice(1)) expect(reason).toMatch(/^Discord skipped events/);
    expect(memory.limits).toHaveLength(1);
  },
);

import { setTimeout as delay } from 'node:timers/promises';

import { accountOf, HARBOUR, LIGHTHOUSE } from './communities.js';
import { createPlatform, type Platform } from './platform.js';
import type { Stage } from './stage.js';

/**
 * Plays the problems that an operator on call sees at night, in some three and a half minutes. The
 * last scenes wait for a decision.
 */
export async function demonstrate(stage: Stage, say: (line: string) => void): Promise<void> {
  const platform = createPlatform(stage);
  const harbour = await platform.openCommunity(HARBOUR);
  const lighthouse = await platform.openCommunity(LIGHTHOUSE);
  const over = new AbortController();
  const everyday = platform.liveOn(harbour, over.signal);
  const scenes = [
    ...workAndWeather(stage, platform, { harbour, lighthouse }),
    ...whatNeedsPeople(stage, platform, harbour),
  ];
  try {
    for (const [what, seconds, begin] of scenes) {
      say(what);
      await begin();
      await delay(seconds * 1000);
    }
  } finally {
    over.abort();
    await everyday;
  }
}

/** What happens, for how many seconds until the next scene, and how to start it. */
type Scene = readonly [string, number, () => unknown];

interface Clients {
  readonly harbour: string;
  readonly lighthouse: string;
}

const { roles, settings } = HARBOUR;
const { guildId } = settings;
const LIST = '/guilds/{guild_id}/members';

function workAndWeather(
  { discord, broker }: Stage,
  platform: Platform,
  { harbour, lighthouse }: Clients,
): readonly Scene[] {
  const { faults, moderator } = discord;
  const byHand = (n: number) => ({
    guildId,
    discordUserId: accountOf(n),
    roleId: roles.crew,
  });
  const join = () => platform.tell(60, (n) => platform.whole(n, ['crew']));
  const verify = async () => {
    for (const n of [0, 1, 2, 3, 4]) moderator.takeRole(byHand(n));
    for (const client of [harbour, lighthouse]) await platform.sweep(client, 'VERIFY_GROUPS');
  };
  const hang = () => {
    broker.freeze();
    const { linked, people } = HARBOUR.crowd;
    return platform.link(harbour, linked, people);
  };
  const unavailable = { kind: 'status', status: 503 } as const;
  const limited = { kind: 'sharedLimit', retryAfterMs: 2_000 } as const;
  return [
    ['60 people join a group', 45, join],
    ['roles are taken by hand; a sweep', 15, verify],
    ['Discord answers 503', 20, () => faults.plant({ guildId, times: null, effect: unavailable })],
    [
      'Discord is back, with 429',
      20,
      () => {
        faults.clear();
        faults.plant({ guildId, method: 'PUT', times: 5, effect: limited });
      },
    ],
    ['the broker hangs, while people are linked', 20, hang],
    ['the broker is back', 5, () => broker.thaw()],
  ];
}

function whatNeedsPeople(
  { discord: { faults, moderator } }: Stage,
  platform: Platform,
  harbour: string,
): readonly Scene[] {
  const failList = async () => {
    const effect = { kind: 'status', status: 500 } as const;
    faults.plant({ guildId, route: LIST, times: null, effect });
    await platform.sweep(harbour, 'REMOTE_SYNC');
  };
  const dissolve = () => {
    faults.clear();
    return platform.tell(45, (n) => platform.whole(n, []));
  };
  const raise = async () => {
    moderator.moveRole({ guildId, roleId: roles.watch, position: 3 });
    await platform.tell(1, () => platform.whole(59, ['crew', 'watch']));
    await platform.mumble();
  };
  const reset = async () => {
    const { applicationId } = LIGHTHOUSE.settings;
    moderator.editApplication({ applicationId, botToken: 'another' });
    await platform.tell(1, () => platform.whole(2, ['crew', 'watch']));
  };
  return [
    ['the list of members fails', 15, failList],
    ['a group is dissolved: the guard holds', 20, dissolve],
    ['a role above the bot; records nobody can read', 15, raise],
    ['a bot’s token is reset', 30, reset],
  ];
}

import { afterEach, beforeEach } from 'vitest';

import { createPacing } from '../../../services/discord/limits/pacing.js';
import { createApply, type Changes } from '../../../services/reconcile/write/apply.js';
import { DIRECTOR, FOREIGN, presentMember } from '../../builders/member-facts.js';
import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import { MEMBER, setUpGateway, startOfTest, target } from '../discord/gateway-setup.js';

/** Carries changes out through the real gateway, against a Discord that answers as it is told. */
export function useApply() {
  let discord: ScriptedDiscord;
  beforeEach(async () => {
    discord = await startScriptedDiscord();
  });
  afterEach(() => discord.stop());

  /** `PATCH {"nick":"Ada"}`, `DELETE 7000…` */
  const sent = () =>
    discord.requests.map(({ method, path, body }) =>
      method === 'PATCH' ? `PATCH ${body}` : `${method} ${path.split('/').at(-1) ?? ''}`,
    );
  return {
    setUp: () => setUp(discord),
    script: (...replies: readonly Reply[]) => discord.script(...replies),
    discord: () => discord,
    sent,
    after: (count: number) => sent().slice(count),
  };
}

function setUp(discord: ScriptedDiscord) {
  const { gateway, advance } = setUpGateway(discord.apiBase);
  let now = startOfTest;
  const apply = createApply({
    discord: gateway,
    pacing: createPacing({
      writeOutlook: gateway.writeOutlook,
      clock: () => now,
      runsPerClient: 4,
    }),
    guildRoles: { suspectRefused: async () => {}, hasSuspect: () => false },
    clock: () => now,
  });
  const run = (changes: Partial<Changes>) =>
    apply({
      target,
      recordId: 'record-1',
      add: [],
      remove: [],
      nickname: null,
      wholeListWrites: true,
      waitsForScreening: true,
      readAtMs: null,
      mirrored: { roleIds: [FOREIGN, DIRECTOR], readAtMs: startOfTest },
      unfinished: [],
      isLeased: () => true,
      actual: presentMember({ roleIds: [FOREIGN, DIRECTOR] }),
      ...changes,
    });
  const pass = (ms: number) => {
    now += ms;
    advance(ms);
  };
  return { gateway, run, pass, justRead: () => ({ readAtMs: now }) };
}

export const member = (roles: readonly string[], nick: string | null = null) => ({
  body: {
    user: {
      id: MEMBER,
      username: 'ada',
      global_name: 'Ada',
    },
    roles,
    nick,
    pending: false,
  },
});

export const limits = (bucket: string, remaining: number, resetAfter = 9) => ({
  headers: {
    'x-ratelimit-bucket': bucket,
    'x-ratelimit-limit': '10',
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset-after': String(resetAfter),
  },
});

export const done: Reply = { status: 204 };

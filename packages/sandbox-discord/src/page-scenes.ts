import type { LiveWorld } from './live-world.js';
import type { SandboxModerator } from './moderator-interface.js';
import type { SandboxFault, SandboxFaultEffect, SandboxFaults } from './sandbox-interface.js';

/** A behaviour of Discord that the page turns on with one click and off with the next. */
export type SceneView = {
  readonly name: string;
  /** The button's text. */
  readonly label: string;
  /** What Discord then does. */
  readonly what: string;
  readonly isOn: boolean;
};

export type Scenes = {
  list(guildId: string | undefined): readonly SceneView[];
  /** Throws for an unknown name. */
  set(name: string, isOn: boolean, guildId: string): void;
};

type Texts = { readonly label: string; readonly what: string };
type Scene = Texts &
  (
    | { readonly faults: readonly Omit<SandboxFault, 'times'>[] }
    | { readonly roleEndsScreening: boolean }
  );

const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const WRITES = ['PUT', 'PATCH', 'DELETE'];

const ofWrites = (effect: SandboxFaultEffect) =>
  WRITES.map((method) => ({ method, route: `${MEMBER}*`, effect }));
const ofRoles = (effect: SandboxFaultEffect) =>
  ['PUT', 'DELETE'].map((method) => ({
    method,
    route: `${MEMBER}/roles/{role_id}`,
    effect,
  }));

const LONG_BAN_MS = 66_271_000;

const SCENES: Readonly<Record<string, Scene>> = {
  autoMod: {
    label: 'AutoMod refuses nicknames',
    what: 'Every new nickname is answered with 400, code 50035 and the field guild_tag.',
    faults: [{ effect: { kind: 'autoMod' } }],
  },
  codeZeroNotFound: {
    label: 'Roles answer 404, code 0',
    what: 'Granting or removing one role is answered with 404 and code 0, which names no cause.',
    faults: ofRoles({
      kind: 'status',
      status: 404,
      code: 0,
      message: '404: Not Found',
    }),
  },
  codeZeroBadRequest: {
    label: 'Roles answer 400, code 0',
    what: 'Granting or removing one role is answered with 400 and code 0, which names no cause.',
    faults: ofRoles({
      kind: 'status',
      status: 400,
      code: 0,
      message: '400: Bad Request',
    }),
  },
  featureOff: {
    label: 'Writes are switched off (40006)',
    what: 'Every change of a member is answered with 400, code 40006: Discord has disabled the feature for now.',
    faults: ofWrites({
      kind: 'status',
      status: 400,
      code: 40006,
      message: 'This feature has been temporarily disabled server-side',
    }),
  },
  flaggedBot: {
    label: 'The bot is flagged as spam (20026)',
    what: 'Every change of a member is answered with 403, code 20026.',
    faults: ofWrites({
      kind: 'status',
      status: 403,
      code: 20026,
      message: 'Your application has been flagged by our anti-spam system',
    }),
  },
  codelessPage: {
    label: 'A 403 page without a code',
    what: 'Every call about a server is answered with 403 and a page of HTML, as by a firewall in front of Discord.',
    faults: [{ route: '/guilds/*', effect: { kind: 'html', status: 403 } }],
  },
  longLimit: {
    label: 'Rate limited for 18 hours',
    what: 'Every call is answered with 429 in plain text and Retry-After 66271.',
    faults: [{ effect: { kind: 'plainLimit', retryAfterMs: LONG_BAN_MS } }],
  },
  screening: {
    label: 'Screening that only the rules end',
    what: 'New members are pending until they accept the rules: "Finish screening" in the member\'s window. A role does not end it.',
    roleEndsScreening: false,
  },
  screeningEndedByRole: {
    label: 'Screening that a role ends',
    what: 'New members are pending until they accept the rules or get a role.',
    roleEndsScreening: true,
  },
};

export function createScenes({
  world,
  faults,
  moderator,
}: {
  readonly world: Pick<LiveWorld, 'guilds'>;
  readonly faults: SandboxFaults;
  readonly moderator: Pick<SandboxModerator, 'editGuild'>;
}): Scenes {
  const planted = new Map<string, readonly number[]>();

  const isOn = (name: string, scene: Scene, guildId: string | undefined) => {
    if ('faults' in scene) {
      const ids = planted.get(name) ?? [];
      return faults.list().some(({ faultId }) => ids.includes(faultId));
    }
    const guild = world.guilds.get(guildId ?? '');
    return guild?.hasScreening === true && guild.roleEndsScreening === scene.roleEndsScreening;
  };

  return {
    list: (guildId) =>
      Object.entries(SCENES).map(([name, scene]) => ({
        name,
        label: scene.label,
        what: scene.what,
        isOn: isOn(name, scene, guildId),
      })),
    set(name, shallBeOn, guildId) {
      const scene = Object.hasOwn(SCENES, name) ? SCENES[name] : undefined;
      if (scene === undefined) throw new Error(`there is no scene ${name}`);
      if (isOn(name, scene, guildId) === shallBeOn) return;
      if (!('faults' in scene)) {
        const { roleEndsScreening } = scene;
        const hasScreening = shallBeOn;
        moderator.editGuild({
          guildId,
          hasScreening,
          roleEndsScreening: hasScreening && roleEndsScreening,
        });
        return;
      }
      for (const faultId of planted.get(name) ?? []) faults.remove(faultId);
      planted.delete(name);
      if (shallBeOn)
        planted.set(
          name,
          scene.faults.map((fault) => faults.plant({ ...fault, times: null })),
        );
    },
  };
}

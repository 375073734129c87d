import type {
  SandboxGateway,
  SandboxGatewayEffect,
  SandboxGatewayFaults,
} from './gateway/gateway-interface.js';
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
    | { readonly gatewayEffect: SandboxGatewayEffect }
    | { readonly isGatewayDown: true }
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
  gatewayDown: {
    label: 'The gateway is down',
    what: 'Every connection of a bot to the gateway is cut, and new ones are refused. REST still answers.',
    isGatewayDown: true,
  },
  eventsLost: {
    label: 'Events are lost',
    what: 'The gateway sends no events of changes, and a resume does not replay them.',
    gatewayEffect: { kind: 'drop' },
  },
  eventsTwice: {
    label: 'Events come twice',
    what: 'Every event of the gateway is sent twice, with two sequence numbers.',
    gatewayEffect: { kind: 'double' },
  },
  eventsLate: {
    label: 'Events come 10 seconds late',
    what: 'Every event of the gateway is sent 10 seconds late, also those held back when the scene ends.',
    gatewayEffect: { kind: 'delay', ms: 10_000 },
  },
  eventsSwapped: {
    label: 'Events come out of order',
    what: 'Events of the gateway change places in pairs: the second comes before the first.',
    gatewayEffect: { kind: 'reorder' },
  },
  screening: {
    label: 'Screening until the rules are accepted',
    what: 'New members are pending until they accept the rules: "Finish screening" in the member\'s window. A role does not end it.',
    roleEndsScreening: false,
  },
  screeningEndedByRole: {
    label: 'Screening until a role is given',
    what: 'New members are pending until they accept the rules or get a role.',
    roleEndsScreening: true,
  },
};

type Deps = {
  readonly world: Pick<LiveWorld, 'guilds'>;
  readonly faults: SandboxFaults;
  readonly gateway: Pick<SandboxGateway, 'faults' | 'isDown' | 'setDown'>;
  readonly moderator: Pick<SandboxModerator, 'editGuild'>;
};

export function createScenes(deps: Deps): Scenes {
  const switches = new Map(
    Object.entries(SCENES).map(([name, scene]) => [name, createSwitch(deps, scene)]),
  );
  return {
    list: (guildId = '') =>
      Object.entries(SCENES).map(([name, { label, what }]) => ({
        name,
        label,
        what,
        isOn: switches.get(name)?.isOn(guildId) ?? false,
      })),
    set(name, shallBeOn, guildId) {
      const scene = switches.get(name);
      if (scene === undefined) throw new Error(`there is no scene ${name}`);
      if (scene.isOn(guildId) === shallBeOn) return;
      if (shallBeOn) scene.start(guildId);
      else scene.end(guildId);
    },
  };
}

type Switch = {
  readonly isOn: (guildId: string) => boolean;
  readonly start: (guildId: string) => void;
  readonly end: (guildId: string) => void;
};

function createSwitch({ world, faults, gateway, moderator }: Deps, scene: Scene): Switch {
  if ('faults' in scene)
    return createFaultSwitch(faults, () =>
      scene.faults.map((fault) => faults.plant({ ...fault, times: null })),
    );
  if ('gatewayEffect' in scene)
    return createFaultSwitch(gateway.faults, () => [
      gateway.faults.plant({ effect: scene.gatewayEffect, times: null }),
    ]);
  if ('isGatewayDown' in scene)
    return {
      isOn: () => gateway.isDown(),
      start: () => gateway.setDown(true),
      end: () => gateway.setDown(false),
    };
  const { roleEndsScreening } = scene;
  return {
    isOn(guildId) {
      const guild = world.guilds.get(guildId);
      return guild?.hasScreening === true && guild.roleEndsScreening === roleEndsScreening;
    },
    start: (guildId) => moderator.editGuild({ guildId, hasScreening: true, roleEndsScreening }),
    end: (guildId) =>
      moderator.editGuild({ guildId, hasScreening: false, roleEndsScreening: false }),
  };
}

/** On while any of its faults is planted, so that clearing all faults ends it too. */
function createFaultSwitch(
  field: Pick<SandboxFaults | SandboxGatewayFaults, 'list' | 'remove'>,
  plant: () => readonly number[],
): Switch {
  let planted: readonly number[] = [];
  const end = () => {
    for (const faultId of planted) field.remove(faultId);
  };
  return {
    isOn: () => field.list().some(({ faultId }) => planted.includes(faultId)),
    start() {
      end();
      planted = plant();
    },
    end,
  };
}

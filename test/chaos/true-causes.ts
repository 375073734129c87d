import { DEMO } from '../../services/demo/demo-world.js';
import type { WireCall } from './wire.js';
import type { DiscordHands } from './hands.js';
import type { Play } from './play.js';
import type { Person } from './steps.js';

/**
 * Whether the reason shown for a member, or for the client if `account` is null, is true, judging
 * by the edits of people and the responses of Discord. Each part of it must be true.
 */
export function trueCause(play: Play, account: Person | null, said: string): boolean {
  return said
    .split('; ')
    .filter((part) => !NO_CAUSE.test(part))
    .every((part) => isTrue(play, account, part));
}

/** Parts that state a consequence of a cause. */
const NO_CAUSE =
  /^removal guard|^the last time|^its link ends|^retrying one call (?:after|now)|^the next sweep checks again/;

function isTrue(play: Play, account: Person | null, said: string): boolean {
  const { hands } = play;
  if (said.startsWith('the nickname is not')) return isNameRefused(play, account, said);
  const ofHands = HAND_CAUSES.find(([words]) => words.test(said));
  if (ofHands !== undefined) return account !== null && ofHands[1](hands, account);
  const [roleId = ''] = /\b\d{15,20}\b/.exec(said) ?? [];
  const ofSender = SENDER_CAUSES.find(([words]) => words.test(said));
  if (ofSender !== undefined) return play.stage.wire.calls.some(ofSender[1]);
  const [, spent] = /Discord refused (\d+) calls of this client/.exec(said) ?? [];
  if (spent !== undefined) return mostInvalid(play) >= Number(spent);
  const [, status, code] = /\(status (\d+)(?:, code (\d+))?\)/.exec(said) ?? [];
  if (status !== undefined)
    return refusalsOf(play, account).some(
      (call) =>
        call.status === Number(status) && (code === undefined || call.code === Number(code)),
    );
  if (said.includes('is a bot')) return account !== null && account === play.stage.bot;
  if (said.includes("has not accepted the server's rules"))
    return account !== null && isScreened(play, account);
  if (said.includes('the account is not in the guild'))
    return account !== null && wasAbsent(play, account);
  if (said.includes('token was rejected earlier'))
    return refusalsOf(play, null).some((call) => call.status === 401);
  if (said.includes('is not below the bot')) return hands.wasAbove(roleId);
  // The session shows when the bot is back.
  if (said.includes('the bot was removed from the guild'))
    return !hands.isBotIn() || (hands.wasForbidden && !play.stage.isTruthful);
  if (said.includes('needs the bot to have Manage Roles')) return hands.wasForbidden;
  if (said.includes('no longer exists')) return !hands.exists(roleId);
  if (said.includes('Discord refused role')) return refusalsOf(play, account).length > 0;
  if (said.includes('has refused'))
    return play.stage.wire.calls.filter(isRefused).length >= FEWEST_REFUSALS;
  return false;
}

/** Causes that people on Discord made. */
const HAND_CAUSES: readonly (readonly [
  RegExp,
  (hands: DiscordHands, account: Person) => boolean,
])[] = [
  [/the member is timed out until/, (hands, account) => hands.timedOut.has(account)],
  [
    /removed .* by hand at|keeps (?:adding|removing)/,
    (hands, account) => hands.edits.some((edit) => edit.account === account),
  ],
  [/is banned/, (hands, account) => hands.banned.has(account)],
];

/** Causes that concern the bot or the whole sender, so a call about any account can prove them. */
const SENDER_CAUSES: readonly (readonly [RegExp, (call: WireCall) => boolean])[] = [
  [/has flagged the bot as spam/, ({ code }) => code === 20026],
  [/blocks this sender/, ({ status, code }) => status === 403 && code === null],
  [/asked to wait|reports no calls left|limits this resource/, ({ status }) => status === 429],
];

/** The highest number of invalid requests made by one process. */
function mostInvalid({ stage }: Play): number {
  const invalid = stage.wire.calls.filter(({ status }) => INVALID.has(status));
  const ofProcesses = Map.groupBy(invalid, (call) => call.process);
  return Math.max(0, ...[...ofProcesses.values()].map((calls) => calls.length));
}

const INVALID = new Set([401, 403, 429]);

/** The guild pauses only after at least this many refusals. */
const FEWEST_REFUSALS = 3;

function isNameRefused({ hands, stage }: Play, account: Person | null, said: string): boolean {
  if (account === null) return false;
  if (said.includes('is not below the bot')) return hands.wasAnyAbove();
  if (said.includes('needs Manage Nicknames')) return hands.wasForbidden;
  const path = `/members/${DEMO.accounts[account]}`;
  return stage.wire.calls.some(
    (call) => call.method === 'PATCH' && call.path.endsWith(path) && isRefused(call),
  );
}

/**
 * Also true if the last reading showed the account pending: the next reading shows that it has
 * passed.
 */
function isScreened({ hands, stage }: Play, account: Person): boolean {
  if (stage.screening === 'IGNORE') return false;
  if (hands.isPending(account)) return true;
  const spans = hands.pending.filter((span) => span.account === account);
  const until = Math.max(0, ...spans.map((span) => span.until));
  const about = DEMO.accounts[account];
  const isStale = stage.faulted.some(
    ({ fault, path }) => fault === 'staleRead' && path.includes(about),
  );
  const isRead = ({ method, path, status, startedAt }: WireCall) =>
    method === 'GET' && path.endsWith(`/members/${about}`) && status === 200 && startedAt > until;
  return spans.length > 0 && (isStale || !stage.wire.calls.some(isRead));
}

/** Also true if any response or list contained it. */
function wasAbsent({ hands, stage }: Play, account: Person): boolean {
  const about = DEMO.accounts[account];
  return (
    hands.held(account) === undefined ||
    hands.edits.some((edit) => edit.account === account && !edit.roleId) ||
    stage.wire.listings.omitted.has(about) ||
    stage.wire.lies.told.some(({ form, path }) => form === 'memberIsGone' && path.endsWith(about))
  );
}

/** Only refusals that concern the member, the role or the bot. */
function refusalsOf({ stage }: Play, account: Person | null): readonly WireCall[] {
  const about = account === null ? '' : DEMO.accounts[account];
  return stage.wire.calls.filter(
    (call) =>
      isRefused(call) && (call.status === 401 || Boolean(call.code)) && call.path.includes(about),
  );
}

const isRefused = ({ status }: WireCall): boolean =>
  status >= 400 && status < 500 && status !== 429;

import { DEMO } from '../../services/sandbox/demo-world.js';
import type { WireCall } from '../support/chaos-wire.js';
import type { Play } from './play.js';
import type { Person } from './steps.js';

/**
 * Whether what is said of a member, or of the client where there is no account, is so: by what
 * people have done at Discord, and by what Discord has answered. Each part of what is said must be.
 */
export function trueCause(play: Play, account: Person | null, said: string): boolean {
  return said
    .split('; ')
    .filter((part) => !/^removal guard|^the last time|^its link ends/.test(part))
    .every((part) => isTrue(play, account, part));
}

function isTrue(play: Play, account: Person | null, said: string): boolean {
  const { hands } = play;
  const [roleId = ''] = /\b\d{15,20}\b/.exec(said) ?? [];
  const [, status, code] = /\(status (\d+)(?:, code (\d+))?\)/.exec(said) ?? [];
  if (status !== undefined)
    return refusalsOf(play, account).some(
      (call) =>
        call.status === Number(status) && (code === undefined || call.code === Number(code)),
    );
  if (said.includes('the account is not in the guild'))
    return account !== null && wasAbsent(play, account);
  if (said.includes('token was rejected earlier'))
    return refusalsOf(play, null).some((call) => call.status === 401);
  if (said.includes('is not below the bot')) return hands.wasAbove(roleId);
  if (said.includes('needs the bot to have Manage Roles')) return hands.wasForbidden;
  if (said.includes('no longer exists')) return !hands.exists(roleId);
  if (said.includes('Discord refused role')) return refusalsOf(play, account).length > 0;
  if (said.includes('has refused'))
    return play.stage.wire.calls.filter(isRefused).length >= FEWEST_REFUSALS;
  return false;
}

/** A guild is not found unhealthy for fewer. */
const FEWEST_REFUSALS = 3;

/** Or said to be, once. */
function wasAbsent({ hands, stage }: Play, account: Person): boolean {
  const about = DEMO.accounts[account];
  return (
    hands.held(account) === undefined ||
    hands.edits.some((edit) => edit.account === account && !edit.roleId) ||
    stage.wire.lies.told.some(({ form, path }) => form === 'memberIsGone' && path.endsWith(about))
  );
}

/** Only those that say something of the member, the role or the bot. */
function refusalsOf({ stage }: Play, account: Person | null): readonly WireCall[] {
  const about = account === null ? '' : DEMO.accounts[account];
  return stage.wire.calls.filter(
    (call) =>
      isRefused(call) && (call.status === 401 || Boolean(call.code)) && call.path.includes(about),
  );
}

const isRefused = ({ status }: WireCall): boolean =>
  status >= 400 && status < 500 && status !== 429;

import type { Person, Step } from './steps.js';

/** A change after which Discord may accept a refused call: for one account, or for all. */
export interface Cure {
  readonly account: Person | 'all';
  readonly from: number;
  readonly until: number;
}

/**
 * The accounts whose refused calls may be repeated after this step. A change of the guild, the bot
 * or the mappings cures all accounts; a fact or mutation about one person cures their accounts. A
 * replayed log is no cure, because it contains nothing new, and neither is a process that stops in
 * order. A killed process is one, because it may die before it has stored the refusal. A sweep is
 * one when it runs, not when it is requested: see `sweepCures`.
 */
export function curesOf(
  step: Step,
  links: readonly ReadonlyMap<Person, Person>[],
): readonly (Person | 'all')[] {
  const accountsOf = (person: Person) =>
    links.map((each) => each.get(person)).filter((one) => one !== undefined);
  switch (step.kind) {
    case 'change':
    case 'snapshot':
    case 'deleteUser':
    case 'unlink':
    case 'reconcile':
      return [...new Set(accountsOf(step.person))];
    case 'link':
      return [...new Set([step.account, ...accountsOf(step.person)])];
    case 'hand':
    case 'leave':
    case 'join':
    case 'pass':
    case 'kick':
    case 'ban':
    case 'rename':
    case 'timeOut':
      return [step.account];
    case 'replay':
    case 'fault':
    case 'answer':
    case 'autoMod':
    case 'limit':
    case 'lie':
    case 'cut':
    case 'pause':
    case 'listing':
    case 'sweep':
    case 'cancelSweep':
    case 'event':
    case 'handRemovals':
    case 'wait':
    case 'quiet':
      return [];
    case 'broker':
      return [];
    case 'restart':
      return step.how === 'kill' ? ['all'] : [];
    case 'group':
    case 'map':
    case 'retire':
    case 'authority':
    case 'clientAuthority':
    case 'enable':
    case 'guard':
    case 'unknown':
    case 'importRoles':
    case 'mend':
    case 'live':
    case 'session':
    case 'gateway':
    case 'guild':
    case 'moveRole':
    case 'deleteRole':
    case 'makeRole':
    case 'permission':
    case 'bot':
    case 'intent':
    case 'screening':
    case 'decide':
    case 'database':
    case 'clock':
      break;
  }
  return ['all'];
}

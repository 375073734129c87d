import type { SandboxFaultEffect } from 'sandbox-discord';

import type { Authority, HandRemovals, Screening, SweepKind } from '../../services/model.js';
import type { OutageMode } from './cluster.js';
import type { CrewPlan } from './crew.js';
import type { BrokerOutage } from './kafka.js';
import type { Statements } from '../support/database-door.js';
import type { CountsForm, ListForm } from './listing.js';
import type { LieForm } from './lies.js';
import type { EventFault, SessionBreak } from './gateway-troubles.js';
import type { LimitForm } from './discord-limits.js';
import type { LastingAnswer } from './lasting-answers.js';

export const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const;
export const GROUPS = ['pilots', 'directors', 'recruits'] as const;
/** Roles by name: one that is deleted and made again has another id. */
export const ROLES = ['pilot', 'director', 'recruit'] as const;
/** Roles that no mapping ever names; the newcomer is made when it is first given. */
export const FOREIGN_ROLES = ['eventHost', 'newcomer'] as const;
export type ForeignRole = (typeof FOREIGN_ROLES)[number];
export type Person = (typeof PEOPLE)[number];
export type Group = (typeof GROUPS)[number];
export type Role = (typeof ROLES)[number];

/** A place in the order of facts; few enough that facts come late, twice and at the same moment. */
interface Place {
  readonly at: number;
  readonly sequence: number | null;
}

/** What the platform says. */
export type FactStep =
  | (Place & {
      readonly kind: 'change';
      readonly person: Person;
      readonly group: Group;
      readonly isAdded: boolean;
    })
  | (Place & {
      readonly kind: 'snapshot';
      readonly person: Person;
      readonly groups: readonly Group[];
    })
  | { readonly kind: 'deleteUser'; readonly person: Person }
  | (Place & {
      readonly kind: 'group';
      readonly group: Group;
      readonly isDeleted: boolean;
    })
  /** The whole log again: at once, one fact after the other, or the last first. */
  | {
      readonly kind: 'replay';
      readonly how: 'atOnce' | 'oneByOne' | 'backwards';
    };

/** What admins and services ask for. */
export type MutationStep =
  | { readonly kind: 'link'; readonly person: Person; readonly account: Person }
  | { readonly kind: 'unlink'; readonly person: Person }
  | { readonly kind: 'reconcile'; readonly person: Person }
  | { readonly kind: 'map'; readonly group: Group; readonly role: Role }
  | {
      readonly kind: 'retire';
      readonly group: Group;
      readonly role: Role;
      readonly takesBack: boolean;
    }
  | {
      readonly kind: 'authority';
      readonly group: Group;
      readonly role: Role;
      readonly authority: Authority;
    }
  | { readonly kind: 'clientAuthority'; readonly authority: Authority }
  | { readonly kind: 'enable'; readonly isEnabled: boolean }
  | { readonly kind: 'guard'; readonly minimum: number }
  | { readonly kind: 'unknown'; readonly keeps: boolean }
  | { readonly kind: 'importRoles' }
  /** The bot's token is put in again: whatever trouble the client was in, it is tried once more. */
  | { readonly kind: 'mend' }
  | { readonly kind: 'live'; readonly isOn: boolean }
  | { readonly kind: 'handRemovals'; readonly are: HandRemovals };

/** What people do at Discord. */
export type DiscordStep =
  | {
      readonly kind: 'hand';
      readonly account: Person;
      readonly role: Role | ForeignRole;
      readonly isGiven: boolean;
      /** A moderator, or another bot of the guild. Default: a moderator. */
      readonly by?: 'person' | 'bot';
    }
  | { readonly kind: 'leave' | 'join' | 'kick' | 'ban'; readonly account: Person }
  /** Null removes the nickname. */
  | { readonly kind: 'rename'; readonly account: Person; readonly nick: string | null }
  /** Members in timeout are granted no role. `isOn: false` ends the timeout. */
  | { readonly kind: 'timeOut'; readonly account: Person; readonly isOn: boolean }
  | {
      readonly kind: 'moveRole';
      readonly role: Role;
      readonly isAboveBot: boolean;
    }
  | { readonly kind: 'deleteRole' | 'makeRole'; readonly role: Role }
  | { readonly kind: 'permission'; readonly isGiven: boolean }
  | { readonly kind: 'bot'; readonly isIn: boolean }
  /** New members are pending until they accept the rules, or where that ends it, get a role. */
  | { readonly kind: 'screening'; readonly isOn: boolean; readonly roleEnds: boolean }
  /** Accepts the rules. */
  | { readonly kind: 'pass'; readonly account: Person }
  /** The privileged intent, without which nobody is listed. */
  | { readonly kind: 'intent'; readonly isGiven: boolean };

/** What goes wrong, and when. */
export type TroubleStep =
  | {
      readonly kind: 'fault';
      readonly effect: SandboxFaultEffect;
      readonly times: number;
      readonly calls: 'all' | 'reads' | 'writes' | 'lists' | 'listings' | 'counts';
    }
  /** From now on every such call is answered so, until this is lifted, at the latest at the end. */
  | { readonly kind: 'answer'; readonly form: LastingAnswer; readonly isOn: boolean }
  /** AutoMod refuses every nickname of this member, until that is lifted. */
  | { readonly kind: 'autoMod'; readonly account: Person; readonly isOn: boolean }
  /** The next list of the guild's members, or its numbers, is not what it should be. */
  | {
      readonly kind: 'listing';
      readonly form: ListForm | CountsForm;
      readonly times: number;
    }
  /** The next fitting answer of Discord's looks true and is not. */
  | { readonly kind: 'lie'; readonly form: LieForm }
  /** The answer to one statement of the processes is lost, after it was carried out. */
  | {
      readonly kind: 'cut';
      readonly statements: Statements;
      readonly nth: number;
    }
  /** The database, or one of the processes, stands still for so long. */
  | {
      readonly kind: 'pause';
      readonly of: 'database' | 'process';
      readonly place: number;
      readonly ms: number;
    }
  | { readonly kind: 'limit'; readonly form: LimitForm }
  /** The next events of the gateway that match are lost, doubled, late or swapped. */
  | {
      readonly kind: 'event';
      readonly effect: EventFault;
      readonly name: string | undefined;
      readonly times: number;
    }
  /** The gateway session breaks. */
  | { readonly kind: 'session'; readonly ends: SessionBreak }
  /** The gateway accepts no connections, or the guild is unavailable, for so long. */
  | { readonly kind: 'gateway' | 'guild'; readonly ms: number }
  | {
      readonly kind: 'restart';
      readonly place: number;
      readonly how: 'stop' | 'kill';
    }
  /** Of a service alone: its database goes away, or its broker, and comes back after this time. */
  | {
      readonly kind: 'database';
      readonly mode: OutageMode;
      readonly ms: number;
    }
  | {
      readonly kind: 'broker';
      readonly mode: BrokerOutage;
      readonly ms: number;
    }
  /** The clock of one of its processes is put forward or back. */
  | {
      readonly kind: 'clock';
      readonly place: number;
      readonly stepMs: number;
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'quiet' };

/** What time brings, and what a person says of it. */
export type SweepStep =
  | {
      readonly kind: 'sweep';
      readonly of: SweepKind;
      readonly isDryRun: boolean;
      /** For its end, or for a moment only: the next step then falls into it. */
      readonly isWaitedFor: boolean;
    }
  | { readonly kind: 'cancelSweep' }
  | {
      readonly kind: 'decide';
      readonly verdict: 'APPROVED' | 'REJECTED';
      /** `repeated`: decided as it stands, and then once more each way. */
      readonly hash: 'right' | 'stale' | 'repeated';
    };

export type Step = FactStep | MutationStep | DiscordStep | TroubleStep | SweepStep;

export interface World {
  readonly wholeListWrites: boolean;
  readonly crew: CrewPlan;
  /** Two readings of what a bot is told about a guild that it is not in. */
  readonly unknownGuildCode: 10004 | 50001;
  readonly keepsStaleRoleIds: boolean;
  /** Discord's buckets are small, and say so in their headers. */
  readonly isLimited: boolean;
  /** How far Discord's clock is off ours. */
  readonly clockSkewMs: number;
  /** How many removals an hour go unseen, to begin with. */
  readonly removals: number;
  /** What the client does about members who have not passed Discord's membership screening. */
  readonly screening: Screening;
  /** Who has not passed it, to begin with. */
  readonly pending: readonly Person[];
  /** Members are named after their person. */
  readonly names: boolean;
  /**
   * Discord's answers and events are true and complete, though calls fail and connections break. So
   * the session knows every edit by people.
   */
  readonly isTruthful: boolean;
  /** The client has a gateway session, to begin with. */
  readonly isLive: boolean;
  /** What happens to roles that people remove by hand, to begin with. */
  readonly handRemovals: HandRemovals;
  /** How long a broken session can be resumed. */
  readonly resumableMs: number;
  /** Whose account is a bot's. */
  readonly bot: Person | null;
  readonly steps: readonly Step[];
}

/** One line a step, as they are printed when a world fails. */
export function describeSteps(steps: readonly Step[]): string {
  return steps.map((step, index) => `${index + 1}. ${JSON.stringify(step)}`).join('\n');
}

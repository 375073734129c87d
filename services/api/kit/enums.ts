import type { InputError } from '../../lib/errors.js';
import type {
  Authority,
  Cause,
  EmailRule,
  HandRemovals,
  Holders,
  LinkState,
  NicknameOnUnlink,
  NicknameStrategy,
  Outcome,
  RoleRefusal,
  Screening,
  SweepKind,
  SweepState,
  UnknownMembership,
} from '../../model.js';
import { registerEnumType } from './decorators.js';

/**
 * Registers a GraphQL enum with a description for each value. `Value` is a union from
 * services/model.ts, or is inferred from the keys of `sentences`.
 */
export function describeEnum<Value extends string>(
  name: string,
  description: string,
  sentences: Readonly<Record<Value, string>>,
): Readonly<Record<Value, string>> {
  const values: Record<Value, string> = { ...sentences };
  const valuesConfig: { [Name in Value]?: { description: string } } = {};
  for (const value in values) {
    values[value] = value;
    valuesConfig[value] = { description: sentences[value] };
  }
  registerEnumType(values, { name, description, valuesConfig });
  return values;
}

export const AuthorityEnum = describeEnum<Authority>(
  'Authority',
  "Which side decides who holds a role: the platform's groups or Discord.",
  {
    PLATFORM: 'The platform: roles at Discord follow the groups.',
    DISCORD:
      'Discord: the platform is asked to follow. Roles are only added when both sides are first compared, so that no one loses a group; none is ever removed.',
    OBSERVE: 'Neither: differences are shown, nothing is written to Discord.',
  },
);

export const UnknownMembershipEnum = describeEnum<UnknownMembership>(
  'UnknownMembership',
  'What happens to a mapped role that a member holds while a group mapped to it is unknown for them.',
  {
    KEEP: 'The member keeps the role until the group is known not to include them.',
    REMOVE: 'Unknown counts as not in the group: the role is removed.',
  },
);

export const HoldersEnum = describeEnum<Holders>(
  'Holders',
  'What happens to the holders of a role when its mapping is retired or its client deleted.',
  {
    TAKE_BACK: 'The role is removed from every linked holder to whom no other mapping grants it.',
    LEAVE:
      'Holders keep the role. If another mapping names it, holders to whom no other group grants it are listed in a held sweep and keep the role unless that is approved.',
  },
);

export const NicknameStrategyEnum = describeEnum<NicknameStrategy>(
  'NicknameStrategy',
  'How nicknames at Discord are built.',
  {
    NONE: 'Nicknames are not changed.',
    TEMPLATE: "From the policy's template.",
    EVE_ONLINE: 'The name of the primary character.',
  },
);

export const EmailRuleEnum = describeEnum<EmailRule>(
  'EmailRule',
  'How the e-mail address of a Discord account affects linking by sign-in.',
  {
    NONE: 'E-mail addresses are not requested.',
    WARN: 'A different address is a warning.',
    REQUIRE:
      'Accounts without a verified address are not linked; a different address is a warning.',
  },
);

export const LinkStateEnum = describeEnum<LinkState>('LinkState', 'The state of a linked member.', {
  IN_STEP: 'Desired and actual roles are the same.',
  PENDING:
    "Waits for its reconcile; or for the member to accept the server's rules: see `screening` and `reason`; or, under authority DISCORD, for the platform to follow: see `requests`.",
  ABSENT: 'The Discord account is not in the guild.',
  HELD: 'The removal guard holds removals, or a role that a person removed by hand stays removed (`handRemovals`: HOLD); see `reason`.',
  PARKED: 'Retrying is useless until something changes; see `reason`.',
  DISPUTED:
    'Another bot or person keeps undoing a change of the connector, or the platform contradicts a request; see `dispute` and `reason`.',
  ENDING: 'The link is ending: it is deleted after its roles have been removed.',
});

export const OutcomeEnum = describeEnum<Outcome>('Outcome', 'The outcome of one reconcile.', {
  APPLIED: 'The plan was carried out.',
  UNCHANGED: 'There was nothing to do, or Discord showed all of it before it was written.',
  ABSENT: 'The Discord account is not in the guild.',
  HELD: 'The removal guard held removals.',
  PARKED: 'Discord refused permanently; see `reason`.',
  DISPUTED: 'Another bot or person keeps undoing a change; see `reason`.',
});

export const RoleRefusalEnum = describeEnum<RoleRefusal>(
  'RoleRefusal',
  'Why the bot cannot add or remove a role.',
  {
    EVERYONE: 'Every member has this role.',
    MANAGED: 'Only Discord or an integration can add and remove the role.',
    ABOVE_BOT: "The role is not below the bot's highest role.",
    MISSING_PERMISSION: 'The bot lacks the permission Manage Roles.',
    UNKNOWN_ROLE: 'The guild no longer has this role.',
  },
);

export const SweepKindEnum = describeEnum<SweepKind>('SweepKind', 'What a sweep checks.', {
  VERIFY_GROUPS: 'Members whose last observed roles differ from their groups.',
  SYNC_ACCOUNTS: 'Accounts as they are at Discord now: names, and members who left or returned.',
  REMOTE_SYNC: 'Members as Discord shows them now, compared with their groups.',
  ENFORCE_NICKNAMES: 'Nicknames that differ from the policy.',
  CHANGES:
    'Removals the guard held outside a sweep, in a burst or a stream of events. Created by the connector; cannot be started.',
});

export const SweepStateEnum = describeEnum<SweepState>('SweepState', 'The state of a sweep.', {
  WAITING: 'Not started yet.',
  RUNNING: 'Checking members, or waiting for their reconciles.',
  HELD: 'Too many removals to carry out without approval: decide with `approveSweep` or `rejectSweep`.',
  APPROVED: 'A person approved the plan, which is being carried out.',
  REJECTED: 'A person rejected the plan; the roles stay.',
  DONE: 'All members were checked and changed where possible.',
  FAILED: 'Ended early; see `reason`.',
  CANCELLED: 'Cancelled by a person.',
});

export const CauseKindEnum = describeEnum<Cause['kind']>('CauseKind', 'What caused a reconcile.', {
  EVENT: 'An event from the platform.',
  MUTATION: 'A mutation of this API.',
  SWEEP: 'A scheduled or started sweep.',
  DISCORD: 'A change made on Discord by somebody else.',
  REPAIR: 'Unfinished work found after a restart.',
});

export const CheckVerdictEnum = describeEnum('CheckVerdict', 'The result of a check of a client.', {
  OK: 'No problem.',
  WARNING: 'Works, but needs attention.',
  FAILED: 'Does not work.',
});

export const MembershipChangeKindEnum = describeEnum(
  'MembershipChangeKind',
  'How a membership changed.',
  {
    ADDED: 'The platform user is now in the group.',
    REMOVED: 'The platform user is no longer in the group.',
  },
);

export type MembershipChangeKind = keyof typeof MembershipChangeKindEnum;

export const OutrankingKindEnum = describeEnum(
  'OutrankingKind',
  'What the recorded fact that outranks another one is about.',
  {
    MEMBERSHIP_CHANGE: 'One membership was added or removed.',
    WHOLE_SET: "A user's complete set of groups was sent.",
    VALUE: 'A name or an attribute was set, or a group was changed.',
    GROUP_DELETION: 'The group was deleted; only newer facts add members.',
    USER_DELETION: 'The user was deleted; all facts are ignored.',
    LIFTED_USER_DELETION:
      'The user was deleted and restored; only facts newer than the deletion count.',
  },
);

export type OutrankingKind = keyof typeof OutrankingKindEnum;

export const FactVerdictEnum = describeEnum('FactVerdict', 'The result for one fact.', {
  APPLIED: 'The fact was recorded.',
  UNCHANGED: 'The same fact was already recorded.',
  STALE: 'Another fact outranks it; nothing changed. See `outrankedBy`.',
  PARTIAL: 'Part of it was outranked, see `outrankedBy`; the rest was recorded.',
  INVALID: 'The item is invalid or contradicts another item; see `error`.',
});

export type FactVerdictName = keyof typeof FactVerdictEnum;

export const ErrorCodeEnum = describeEnum<InputError['code']>(
  'ItemErrorCode',
  'Why an item of a list was rejected.',
  {
    BAD_USER_INPUT: 'The item is invalid.',
    NOT_FOUND: 'The item names something that does not exist.',
    CONFLICT: 'A recorded fact outranks the item.',
    FAILED_PRECONDITION: 'Something else must be done first.',
  },
);

export const NicknameOnUnlinkEnum = describeEnum<NicknameOnUnlink>(
  'NicknameOnUnlink',
  "What happens to a nickname set by the connector when the account's last link ends.",
  {
    RESET:
      'The connector removes it, unless it was changed at Discord since. Removing it never delays the removal of the link.',
    KEEP: 'The nickname stays.',
  },
);

export const HandRemovalsEnum = describeEnum<HandRemovals>(
  'HandRemovals',
  'What happens when a person removes a mapped role from a member by hand.',
  {
    RESTORE: 'The connector gives the role back at once.',
    HOLD: 'The role stays removed, and the member is HELD with the name of the person, until an admin reconciles the member or a newer fact about the group arrives.',
  },
);

export const ScreeningEnum = describeEnum<Screening>(
  'Screening',
  "Whether grants wait for Discord's membership screening: the rules that new members of some servers have to accept.",
  {
    WAIT: 'Members get roles and nickname once they have accepted the rules; people who sign in join without them. Removals do not wait, and roles that a member holds already stay.',
    IGNORE:
      'Members get roles and nickname at once. In some servers a granted role ends screening.',
  },
);

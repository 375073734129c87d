import type { InputError } from '../lib/errors.js';
import type { ImportVerdict } from './views.js';
import type {
  Authority,
  EmailRule,
  Holders,
  LinkState,
  NicknameStrategy,
  Outcome,
  RoleRefusal,
  SweepKind,
  SweepState,
  UnknownMembership,
} from '../model.js';
import { registerEnumType } from './decorators.js';

/** A GraphQL enum whose values are exactly a union of the vocabulary, each with its sentence. */
export function describeEnum<Value extends string>(
  name: string,
  description: string,
  sentences: Readonly<Record<Value, string>>,
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  const valuesConfig: Record<string, { description: string }> = {};
  for (const [value, sentence] of Object.entries<string>(sentences)) {
    values[value] = value;
    valuesConfig[value] = { description: sentence };
  }
  registerEnumType(values, { name, description, valuesConfig });
  return values;
}

export const AuthorityEnum = describeEnum<Authority>(
  'Authority',
  'Who has the say over the members of a role.',
  {
    PLATFORM: 'The platform: roles at Discord follow the groups.',
    DISCORD:
      'Discord: the platform is asked to follow. Roles are given only when both sides are first compared, so that nobody loses a group; none is ever taken.',
    OBSERVE: 'Nobody: differences are shown, nothing is written to Discord.',
  },
);

export const UnknownMembershipEnum = describeEnum<UnknownMembership>(
  'UnknownMembership',
  'What becomes of a held managed role while a group mapped to it is unknown for the person.',
  {
    KEEP: 'A held role stays until the group is known not to hold the person.',
    REMOVE: 'Unknown counts as not held: the role is taken back.',
  },
);

export const HoldersEnum = describeEnum<Holders>(
  'Holders',
  'What becomes of those who hold a role when its mapping, or its client, goes.',
  {
    TAKE_BACK:
      'The role is taken back from every linked holder whom no other mapping gives it.',
    LEAVE:
      'Holders keep the role. Where another mapping names it, holders whom no other group gives it wait in a held sweep, and keep it unless that is approved.',
  },
);

export const NicknameStrategyEnum = describeEnum<NicknameStrategy>(
  'NicknameStrategy',
  'How nicknames at Discord are made.',
  {
    NONE: 'Nicknames are left alone.',
    TEMPLATE: 'From the template of the policy.',
    EVE_ONLINE: 'The name of the primary character.',
  },
);

export const EmailRuleEnum = describeEnum<EmailRule>(
  'EmailRule',
  'What the e-mail address at Discord means for who links an account there.',
  {
    NONE: 'Addresses are not asked for.',
    WARN: 'A different address is a warning.',
    REQUIRE:
      'An account without a confirmed address is not linked; a different one is a warning.',
  },
);

export const LinkStateEnum = describeEnum<LinkState>(
  'LinkState',
  'How a linked member stands.',
  {
    IN_STEP: 'Desired and actual roles are the same.',
    PENDING:
      "Waits for its reconcile; or for the member to accept the server's rules: see `screening` and `reason`; or, where Discord has the say, for the platform to follow: see `requests`.",
    ABSENT: 'The Discord account is not in the guild.',
    HELD: 'A guard holds removals back.',
    PARKED: 'Trying again is of no use until something changes; see `reason`.',
    ENDING: 'The link ends as soon as its roles are taken back.',
  },
);

export const OutcomeEnum = describeEnum<Outcome>(
  'Outcome',
  'What came of one reconcile.',
  {
    APPLIED: 'The plan was carried out.',
    UNCHANGED:
      'There was nothing to do, or Discord showed all of it before it was written.',
    ABSENT: 'The Discord account is not in the guild.',
    HELD: 'A guard held removals back.',
    PARKED: 'Discord refused for good; see `reason`.',
  },
);

export const RoleRefusalEnum = describeEnum<RoleRefusal>(
  'RoleRefusal',
  'Why the bot can neither give nor take a role.',
  {
    EVERYONE: 'Every member has this role.',
    MANAGED: 'Discord or an integration alone gives and takes it.',
    ABOVE_BOT: "It stands above the bot's highest role.",
    MISSING_PERMISSION: 'The bot lacks the permission Manage Roles.',
    UNKNOWN_ROLE: 'The guild has no such role any more.',
  },
);

export const SweepKindEnum = describeEnum<SweepKind>(
  'SweepKind',
  'What a sweep looks for.',
  {
    VERIFY_GROUPS:
      'Members whose last seen roles are not those that their groups give.',
    SYNC_ACCOUNTS:
      'Accounts at Discord as they are today: names, and who has left or come back.',
    REMOTE_SYNC: 'Members as Discord shows them now, against their groups.',
    ENFORCE_NICKNAMES: 'Nicknames that are not as the policy wants them.',
    CHANGES:
      'Removals that the guard held outside a sweep, a burst or a stream of events; it comes by itself and cannot be started.',
  },
);

export const SweepStateEnum = describeEnum<SweepState>(
  'SweepState',
  'How a sweep stands.',
  {
    WAITING: 'It has not begun to look yet.',
    RUNNING: 'It looks, or brings members into step.',
    HELD: 'It found so much to take away that a person is to look first: `approveSweep` or `rejectSweep`.',
    APPROVED: 'A person has approved its plan, which is being carried out.',
    REJECTED: 'A person has rejected its plan; the roles stay.',
    DONE: 'It looked at everybody and did what it could.',
    FAILED: 'It ended early; see `reason`.',
    CANCELLED: 'Somebody stopped it.',
  },
);

export const CauseKindEnum = describeEnum<
  'EVENT' | 'MUTATION' | 'SWEEP' | 'REPAIR'
>('CauseKind', 'What made the connector look at a member.', {
  EVENT: 'An event of the platform.',
  MUTATION: 'A mutation of this API.',
  SWEEP: 'A timed search for drift.',
  REPAIR: 'A restart found unfinished work.',
});

export const CheckVerdictEnum = describeEnum<'OK' | 'WARNING' | 'FAILED'>(
  'CheckVerdict',
  'How a check of a client ended.',
  {
    OK: 'As it should be.',
    WARNING: 'It works, but look at it.',
    FAILED: 'It does not work.',
  },
);

export const MembershipChangeKindEnum = describeEnum<'ADDED' | 'REMOVED'>(
  'MembershipChangeKind',
  'What happened to a membership.',
  {
    ADDED: 'The platform user is in the group now.',
    REMOVED: 'The platform user is not in the group any more.',
  },
);

export type OutrankingKind =
  | 'MEMBERSHIP_CHANGE'
  | 'WHOLE_SET'
  | 'VALUE'
  | 'GROUP_DELETION'
  | 'USER_DELETION'
  | 'LIFTED_USER_DELETION';

export const OutrankingKindEnum = describeEnum<OutrankingKind>(
  'OutrankingKind',
  'What a recorded fact that outranks another is about.',
  {
    MEMBERSHIP_CHANGE: 'One membership was added or removed.',
    WHOLE_SET: "A user's whole set of groups was sent.",
    VALUE: 'A name or an attribute was set, or a group was changed.',
    GROUP_DELETION: 'The group was deleted; only newer facts add members.',
    USER_DELETION: 'The user was deleted; no fact counts any more.',
    LIFTED_USER_DELETION:
      'The user was deleted and restored; only facts newer than the deletion count.',
  },
);

export type FactVerdictName =
  'APPLIED' | 'UNCHANGED' | 'STALE' | 'PARTIAL' | 'INVALID';

export const FactVerdictEnum = describeEnum<FactVerdictName>(
  'FactVerdict',
  'What came of a fact.',
  {
    APPLIED: 'The fact stands now.',
    UNCHANGED: 'The very same fact stood already.',
    STALE:
      'Another fact outranks it; nothing changed. `outrankedBy` names that fact.',
    PARTIAL:
      'Some of it lost to other facts, which `outrankedBy` names; the rest was recorded.',
    INVALID: 'The item cannot be read, or contradicts another; see `error`.',
  },
);

export const ImportStatusEnum = describeEnum<ImportVerdict['kind']>(
  'ImportStatus',
  'What came of one user of an import.',
  {
    LINKED: 'The link was made; in a dry run: it would be made.',
    UNCHANGED: 'The very same link stood already.',
    CONFLICT:
      'The user or the account is linked elsewhere, or stands in the list twice; nothing changed.',
    INVALID: 'It cannot be linked; see `message`.',
  },
);

export const ErrorCodeEnum = describeEnum<InputError['code']>(
  'ItemErrorCode',
  'Why an item of a list was not carried out.',
  {
    BAD_USER_INPUT: 'The item itself is at fault.',
    NOT_FOUND: 'It names something that does not exist.',
    CONFLICT: 'Something that outranks it stood already.',
    FAILED_PRECONDITION: 'Something else has to be done first.',
  },
);

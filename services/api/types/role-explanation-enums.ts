import { describeEnum } from '../enums.js';
import type { RoleBlock } from '../role-block.js';
import type { RoleExplanationView } from '../views.js';

export const DesiredRoleEnum = describeEnum<RoleExplanationView['desired']>(
  'DesiredRole',
  'Whether a person should have a role.',
  {
    YES: 'An active mapping gives it.',
    NO: 'No mapping gives it, and it is taken back where it is held.',
    UNKNOWN: 'Nobody says, so the role is left as it is.',
  },
);

export const MembershipKnowledgeEnum = describeEnum<
  RoleExplanationView['mappings'][number]['membership']
>(
  'MembershipKnowledge',
  'What the platform has said of a person and a group.',
  {
    HELD: 'The person is in the group.',
    NOT_HELD: 'The person is not in the group.',
    UNKNOWN: 'Nothing; this is not "no".',
  },
);

export const RoleChangeKindEnum = describeEnum<'ADDED' | 'REMOVED'>(
  'RoleChangeKind',
  'What the connector did with a role.',
  { ADDED: 'It gave it.', REMOVED: 'It took it back.' },
);

export const RoleBlockEnum = describeEnum<RoleBlock>(
  'RoleBlock',
  'What stands between a person and a role, or between a role and its being taken back.',
  {
    NOT_LINKED: 'The link to the Discord account is ending.',
    AUTHORITY_DISCORD: 'Discord has the say: the platform is asked to follow.',
    ROLE_REQUESTED:
      'Discord has the say, and the platform was asked to follow and has not said so yet.',
    REQUEST_DISPUTED:
      'Discord has the say, and the platform was asked to follow and says the contrary.',
    AUTHORITY_OBSERVE: 'It is only observed: nothing is written to Discord.',
    MAPPING_RETIRED: 'A mapping that would give it is retired.',
    UNKNOWN_MEMBERSHIP:
      'The platform has not said whether the person is in a mapped group.',
    CLIENT_DISABLED: 'The client is switched off.',
    CLIENT_STOPPED: "Discord refused the client's bot token.",
    CLIENT_PAUSED: 'The guild answers as if the bot had gone.',
    BANNED: 'The guild has banned the account.',
    NOT_IN_GUILD: 'The account is not in the guild.',
    SCREENING:
      "The member has not accepted the server's rules yet (Discord's membership screening), and the client's `screening` is WAIT.",
    ROLE_ABOVE_BOT: "It is not below the bot's highest role.",
    ROLE_MANAGED: 'Discord or an integration alone gives and takes it.',
    ROLE_GONE: 'The guild has no such role any more.',
    MISSING_PERMISSION: 'The bot lacks the permission Manage Roles.',
    HELD_BY_GUARD: 'The removal guard holds the removal back.',
    REMOVAL_REJECTED: 'A person has rejected the removal: the role stays.',
    PARKED:
      'Trying again is of no use until something changes; see `reason` of the `DiscordUser`.',
    PENDING: 'The change waits for its turn.',
  },
);

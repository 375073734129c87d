import { describeEnum } from '../kit/enums.js';
import type { RoleExplanationView } from '../kit/views.js';
import type { RoleBlock } from '../../model.js';

export const DesiredRoleEnum = describeEnum<RoleExplanationView['desired']>(
  'DesiredRole',
  'Whether a person should have a role.',
  {
    YES: 'An active mapping grants it.',
    NO: 'No mapping grants it; it is removed if held.',
    UNKNOWN: 'Not known, so the role stays as it is.',
  },
);

export const MembershipKnowledgeEnum = describeEnum<
  RoleExplanationView['mappings'][number]['membership']
>('MembershipKnowledge', 'What the platform has reported about a person and a group.', {
  HELD: 'The person is in the group.',
  NOT_HELD: 'The person is not in the group.',
  UNKNOWN: 'Nothing reported. This does not mean "no".',
});

export const RoleChangeKindEnum = describeEnum<'ADDED' | 'REMOVED'>(
  'RoleChangeKind',
  'What the connector did with a role.',
  { ADDED: 'The connector added it.', REMOVED: 'The connector removed it.' },
);

export const RoleBlockEnum = describeEnum<RoleBlock>(
  'RoleBlock',
  'What prevents a person from having a role, or a role from being removed.',
  {
    NOT_LINKED: 'The link to the Discord account is ending.',
    AUTHORITY_DISCORD: 'Discord has authority: the platform is asked to follow.',
    ROLE_REQUESTED:
      'Discord has authority; the platform was asked to follow and has not confirmed yet.',
    REQUEST_DISPUTED:
      'Discord has authority; the platform was asked to follow and reports the opposite.',
    AUTHORITY_OBSERVE: 'The mapping is in OBSERVE: nothing is written to Discord.',
    MAPPING_RETIRED: 'A mapping that would grant it is retired.',
    UNKNOWN_MEMBERSHIP: 'The platform has not reported whether the person is in a mapped group.',
    CLIENT_DISABLED: 'The client is disabled.',
    CLIENT_STOPPED: "Discord rejected the client's bot token.",
    CLIENT_PAUSED: 'The guild responds as if the bot had been removed.',
    BANNED: 'The guild has banned the account.',
    NOT_IN_GUILD: 'The account is not in the guild.',
    SCREENING:
      "The member has not accepted the server's rules yet (Discord's membership screening), and the client's `screening` is WAIT.",
    ROLE_ABOVE_BOT: "The role is not below the bot's highest role.",
    ROLE_MANAGED: 'Only Discord or an integration can add and remove the role.',
    ROLE_GONE: 'The guild no longer has this role.',
    MISSING_PERMISSION: 'The bot lacks the permission Manage Roles.',
    HELD_BY_GUARD: 'The removal guard holds the removal.',
    REMOVAL_REJECTED: 'A person rejected the removal: the role stays.',
    PARKED: 'Retrying is useless until something changes; see `reason` of the `DiscordUser`.',
    PENDING: 'The change is waiting for its turn.',
  },
);

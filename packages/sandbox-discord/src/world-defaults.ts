import type {
  FullChannel,
  FullMember,
  FullRole,
  SandboxApplication,
  SandboxChannel,
  SandboxInvite,
  SandboxMember,
  SandboxRole,
  SandboxUser,
} from './world.js';

/** What a new guild allows everyone: read, write, invite and choose their own nickname. */
export function everyone(guildId: string): FullRole {
  const permissions = String((1n << 0n) | (1n << 10n) | (1n << 11n) | (1n << 26n));
  return fullRole({
    roleId: guildId,
    name: '@everyone',
    position: 0,
    permissions,
  });
}

export function fullRole(role: SandboxRole): FullRole {
  return {
    permissions: '0',
    color: 0,
    secondaryColor: null,
    tertiaryColor: null,
    hoist: false,
    mentionable: false,
    managed: false,
    ...role,
  };
}

export function fullMember(member: SandboxMember): FullMember {
  return {
    nick: null,
    joinedAt: '2024-01-01T00:00:00.000Z',
    pending: false,
    flags: 0,
    communicationDisabledUntil: null,
    mute: false,
    deaf: false,
    avatar: null,
    banner: null,
    bio: null,
    ...member,
  };
}

export function fullChannel(channel: SandboxChannel): FullChannel {
  return { type: 0, position: 0, parentId: null, topic: null, ...channel };
}

export function fullUser(user: SandboxUser): Required<SandboxUser> {
  return {
    globalName: null,
    email: null,
    isBot: false,
    isEmailVerified: typeof user.email === 'string',
    maxGuilds: 200,
    isVerificationLocked: false,
    ...user,
  };
}

export function fullApplication(application: SandboxApplication): Required<SandboxApplication> {
  return {
    clientSecret: '',
    redirectUris: [],
    description: '',
    isBotPublic: false,
    botRequiresCodeGrant: false,
    installParams: null,
    guildMembersIntent: true,
    ownerHasMfa: true,
    ...application,
  };
}

export function fullInvite(invite: SandboxInvite, now: number): Required<SandboxInvite> {
  return {
    // The sandbox has no channels, but the response needs one.
    channelId: invite.guildId,
    channelName: 'general',
    inviterId: null,
    createdAt: new Date(now).toISOString(),
    maxAge: 0,
    maxUses: 0,
    uses: 0,
    ...invite,
  };
}

/** The supported scopes, in words shown to people. */
export const SCOPES: Readonly<Record<string, string>> = {
  identify: 'Know your username, display name and avatar',
  email: 'Know your email address',
  guilds: 'Know what servers you are in',
  'guilds.join': 'Join servers for you',
  'guilds.members.read': 'Read your member details in servers you are in',
  connections: 'Know your third-party connections',
  'role_connections.write': 'Update your connection and metadata',
};

import type { SandboxAddress } from './sandbox-interface.js';
import type { FullGuild, SandboxApplication, SandboxUser, SandboxWorld } from './world.js';

/** How many roles or members of a guild are listed; worlds may have thousands. */
const LISTED = 12;

/** What someone who points a bot at the sandbox needs: addresses, tokens and ids. */
export function greeting(
  { url }: SandboxAddress,
  {
    applications,
    users,
    guilds,
  }: Pick<SandboxWorld, 'applications' | 'users'> & {
    readonly guilds: readonly FullGuild[];
  },
): string {
  const token = applications[0]?.botToken ?? '';
  return `
  sandbox-discord: a pretend Discord. Nothing leaves this machine; what changes is lost when it stops.

    Page       ${url}
    REST API   ${url}/api  (versions 9 and 10)
    Gateway    ${url.replace('http', 'ws')}  (JSON)
    OAuth2     ${url}/oauth2/authorize
               ${url}/api/oauth2/token

${applications.map(describeApplication).join('\n')}
${guilds.map((guild) => describeGuild(guild, users)).join('\n')}
  Point a bot of discord.js 14 at it:

    new Client({ intents: [], rest: { api: '${url}/api' } }).login('${token}')

  or try it here:

    curl -s ${url}/api/v10/users/@me -H 'authorization: Bot ${token}'

`;
}

function describeApplication(application: SandboxApplication): string {
  const { clientSecret = '', redirectUris = [] } = application;
  return [
    `    Application     ${application.applicationId}  ${application.name}`,
    `    Bot user        ${application.botUserId}`,
    `    Bot token       ${application.botToken}`,
    ...(clientSecret === '' ? [] : [`    Client secret   ${clientSecret}`]),
    ...redirectUris.map((address) => `    Redirect        ${address}`),
    '',
  ].join('\n');
}

function describeGuild(guild: FullGuild, users: readonly SandboxUser[]): string {
  const names = new Map(users.map((user) => [user.discordUserId, user.username]));
  const roles = guild.roles
    .filter(({ roleId }) => roleId !== guild.guildId)
    .toSorted((a, b) => b.position - a.position)
    .map(({ roleId, name }) => `      role          ${roleId}  ${name}`);
  const members = guild.members.map(
    ({ discordUserId }) =>
      `      member        ${discordUserId}  ${names.get(discordUserId) ?? ''}`,
  );
  return [
    `    Guild           ${guild.guildId}  ${guild.name}`,
    ...shortened(roles),
    ...shortened(members),
    '',
  ].join('\n');
}

function shortened(lines: readonly string[]): readonly string[] {
  if (lines.length <= LISTED) return lines;
  return [...lines.slice(0, LISTED), `      … and ${lines.length - LISTED} more`];
}

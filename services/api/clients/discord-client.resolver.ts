import { DEFAULT_AUDIT_RETENTION_DAYS } from '../../model.js';
import { mayTouch } from '../access/access.js';
import type { ApiContext } from '../context.js';
import { checkOwnId } from '../kit/checks.js';
import {
  Arg,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Query,
  Resolver,
  Root,
} from '../kit/decorators.js';
import { type OrPromise, whenHere } from '../kit/rows.js';
import { RoleMapping } from '../mappings/role-mapping.types.js';
import { heldPlansCheck, loadPeopleChecks, storedHealth } from './client-health.js';
import { ClientHealth, DiscordClient, DiscordRole } from './discord-client.types.js';
import { loadLiveChecks } from './live-health.js';
import { LiveStatus } from './live-status.types.js';
import type { ClientPort } from './ports.js';

@Resolver(() => DiscordClient)
export class DiscordClientResolver {
  constructor(private readonly clients: Pick<ClientPort, 'listClients'>) {}

  @Authorized('discord:read')
  @Query(() => [DiscordClient], { description: 'All clients the caller has access to.' })
  async discordClients(@Ctx() context: ApiContext): Promise<DiscordClient[]> {
    const clients = await this.clients.listClients();
    for (const client of clients) context.loaders.clients.keep(client.id, client);
    return clients.filter(({ id }) => mayTouch(context, id));
  }

  @Authorized('discord:read')
  @Query(() => DiscordClient, {
    nullable: true,
    description: 'One client. Null if the id is unknown.',
  })
  async discordClient(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: "The client's id." }) id: string,
  ): Promise<DiscordClient | null> {
    const client = await context.loaders.clients.load(checkOwnId(id, 'id'));
    return client && mayTouch(context, client.id) ? client : null;
  }

  @FieldResolver(() => Int, {
    description: 'How many days closed audit records and finished sweeps are kept.',
  })
  auditRetentionDays(@Root() { auditRetentionDays }: DiscordClient): number {
    return auditRetentionDays ?? DEFAULT_AUDIT_RETENTION_DAYS;
  }

  @FieldResolver(() => String, {
    description: 'URL of the page that adds the bot to the guild with the permissions it needs.',
  })
  botInviteUrl(@Root() { endpoints, applicationId, guildId }: DiscordClient): string {
    const url = new URL(endpoints.authorizeUrl);
    url.searchParams.set('client_id', applicationId);
    url.searchParams.set('scope', 'bot');
    url.searchParams.set('permissions', String(NEEDED_PERMISSIONS));
    url.searchParams.set('guild_id', guildId);
    url.searchParams.set('disable_guild_select', 'true');
    return url.href;
  }

  @FieldResolver(() => [DiscordRole], {
    description: "The roles of the client's guild, as last read from Discord.",
  })
  roles(@Ctx() { loaders }: ApiContext, @Root() { id }: DiscordClient) {
    return loaders.rolesOfClient.load(id);
  }

  @FieldResolver(() => [RoleMapping], { description: "The client's mappings, active and retired." })
  mappings(@Ctx() { loaders }: ApiContext, @Root() { id }: DiscordClient) {
    return loaders.mappingsOfClient.load(id);
  }

  /** Shows a caller who sent thousands of facts at once how far the connector has got. */
  @FieldResolver(() => Int, {
    description:
      'Number of members waiting for a reconcile or being reconciled. Returns to 0 after a large change once all roles match. Parked members are not counted.',
  })
  pendingMembers(@Ctx() { loaders }: ApiContext, @Root() { id }: DiscordClient): OrPromise<number> {
    return loaders.pendingOfClient.load(id);
  }

  @FieldResolver(() => LiveStatus, {
    description: 'Whether changes made on Discord are known within a second, and if not, why.',
  })
  async liveState(@Ctx() { loaders }: ApiContext, @Root() { id }: DiscordClient) {
    return (await loaders.liveOfClient.load(id)) ?? NEVER_LIVE;
  }

  @FieldResolver(() => ClientHealth, { description: "The client's health." })
  async health(@Ctx() context: ApiContext, @Root() client: DiscordClient): Promise<ClientHealth> {
    const [held, people, live] = await Promise.all([
      context.loaders.heldPlansOfClient.load(client.id),
      loadPeopleChecks(context, client.id),
      loadLiveChecks(context, client.id),
    ]);
    const now = context.now();
    return {
      checks: [
        ...heldPlansCheck(client.id, held, now),
        ...people,
        ...live,
        ...storedHealth(client, now),
      ],
    };
  }
}

/** The client was deleted after the request read it. */
const NEVER_LIVE: LiveStatus = {
  state: 'OFF',
  reason: 'the client is deleted',
  since: null,
  lastEventAt: null,
  gapSince: null,
  missed: 0,
};

/**
 * The bot's permissions: Manage Roles, Manage Nicknames, Create Instant Invite, and View Audit Log,
 * which names who changed a role.
 */
const NEEDED_PERMISSIONS = (1n << 28n) | (1n << 27n) | (1n << 7n) | (1n << 0n);

@Resolver(() => DiscordRole)
export class DiscordRoleResolver {
  @FieldResolver(() => Boolean, {
    description:
      'True if any mapping, active or retired, names the role. False: a foreign role, which the connector never changes.',
  })
  isMapped(@Ctx() { loaders }: ApiContext, @Root() { clientId, roleId }: DiscordRole) {
    return whenHere(loaders.mappingsOfClient.load(clientId), (mappings) =>
      mappings.some((mapping) => mapping.roleId === roleId),
    );
  }
}

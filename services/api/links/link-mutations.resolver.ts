import type { LinkId, LinkState } from '../../model.js';
import { type ApiContext, requestCause } from '../context.js';
import { checkPlatformId } from '../kit/checks.js';
import {
  Authorized,
  Ctx,
  Field,
  ID,
  Input,
  Mutation,
  Payload,
  Resolver,
  ResultOf,
} from '../kit/decorators.js';
import { LinkStateEnum } from '../kit/enums.js';
import { requireClient, requireLink } from '../kit/find.js';
import { forgetRows } from '../kit/loaders.js';
import { DateTime } from '../kit/scalars.js';
import type { SignInSite } from '../sign-in/addresses.js';
import { beginLink } from '../sign-in/begin.js';
import type { SignInPorts } from '../sign-in/ports.js';
import { DiscordUser } from './discord-user.types.js';
import { ImportDiscordUsersPayload, importList, toImportPayload } from './link-import.types.js';
import {
  BeginDiscordLinkInput,
  ImportDiscordUsersInput,
  LinkDiscordUserInput,
  ReconcileDiscordUserInput,
  UnlinkDiscordUserInput,
} from './link.input.js';
import type { LinkPort } from './ports.js';

/** How long a caller waits for the outcome of a reconcile. */
const RECONCILE_WAIT_MS = 5000;

interface LinkMutationsDeps {
  readonly links: Omit<LinkPort, 'memberPlan'>;
  readonly signIn: SignInPorts;
  readonly site: SignInSite;
}

@Resolver()
export class LinkMutationsResolver {
  constructor(private readonly deps: LinkMutationsDeps) {}

  @Authorized('discord:write')
  @Mutation(() => BeginDiscordLinkPayload, {
    description:
      'Starts a sign-in by which a person links their own Discord account. Returns a URL for their browser that is valid for ten minutes. Errors: NOT_FOUND, FAILED_PRECONDITION if PUBLIC_URL is not set, the user was deleted or the client is being deleted.',
  })
  async beginDiscordLink(
    @Ctx() context: ApiContext,
    @Input(() => BeginDiscordLinkInput, 'Who is to be linked.') input: BeginDiscordLinkInput,
  ): Promise<BeginDiscordLinkPayload> {
    const { id: clientId } = await requireClient(context, input.clientId, 'input.clientId');
    const { signIn: ports, site } = this.deps;
    const now = context.now();
    return beginLink({ ports, site }, { clientId, input, now });
  }

  @Authorized('discord:write')
  @Mutation(() => ImportDiscordUsersPayload, {
    description:
      'Imports existing links of users to Discord accounts. Each user has its own result; an account that is known to be a bot is INVALID. Errors: NOT_FOUND, FAILED_PRECONDITION if the client is being deleted.',
  })
  async importDiscordUsers(
    @Ctx() context: ApiContext,
    @Input(() => ImportDiscordUsersInput, 'The links.') input: ImportDiscordUsersInput,
  ): Promise<Omit<ImportDiscordUsersPayload, 'pendingMembers'>> {
    const { id: clientId } = await requireClient(context, input.clientId, 'input.clientId');
    const list = importList(input.users);
    const dryRun = input.dryRun ?? false;
    const cause = requestCause(context);
    const verdicts =
      list.wanted.length === 0
        ? []
        : await this.deps.links.importMembers({ clientId, users: list.wanted, dryRun, cause });
    forgetRows(context.loaders);
    return toImportPayload(clientId, list.merge(verdicts), dryRun);
  }

  @Authorized('discord:write')
  @Mutation(() => LinkDiscordUserPayload, {
    description:
      'Links a platform user to a Discord account for one client. An ending link between the two is revived. Errors: NOT_FOUND, BAD_USER_INPUT if the account is a bot, CONFLICT if the account is linked to another user, FAILED_PRECONDITION if the user was deleted or the client is being deleted.',
  })
  async linkDiscordUser(
    @Ctx() context: ApiContext,
    @Input(() => LinkDiscordUserInput, 'The link to create.') input: LinkDiscordUserInput,
  ): Promise<LinkDiscordUserPayload> {
    const client = await requireClient(context, input.clientId, 'input.clientId');
    const { linkId, warnings } = await this.deps.links.linkMember({
      clientId: client.id,
      platformUserId: checkPlatformId(input.platformUserId, 'input.platformUserId'),
      discordUserId: input.discordUserId,
      cause: requestCause(context),
    });
    forgetRows(context.loaders);
    return { discordUser: await requireLink(context, linkId, 'input'), warnings };
  }

  @Authorized('discord:write')
  @Mutation(() => UnlinkDiscordUserPayload, {
    description:
      "Ends a link: its mapped roles are removed, then the link. The removals do not join a held plan. They count toward the guard's limit for the hour and are held if they exceed it. Errors: NOT_FOUND.",
  })
  async unlinkDiscordUser(
    @Ctx() context: ApiContext,
    @Input(() => UnlinkDiscordUserInput, 'The link.') input: UnlinkDiscordUserInput,
  ): Promise<UnlinkDiscordUserPayload> {
    const { id } = await requireLink(context, input.id, 'input.id');
    await this.deps.links.unlinkMember({ id, cause: requestCause(context) });
    const discordUser = await loadAnew(context, id);
    return { id, discordUser, warnings: [] };
  }

  @Authorized('discord:write')
  @Mutation(() => ReconcileDiscordUserPayload, {
    description:
      "Reconciles a member now and waits up to five seconds for the outcome. Removals of this member that wait for approval are carried out, up to the guard's limit for the hour. Errors: NOT_FOUND.",
  })
  async reconcileDiscordUser(
    @Ctx() context: ApiContext,
    @Input(() => ReconcileDiscordUserInput, 'The link.') input: ReconcileDiscordUserInput,
  ): Promise<ReconcileDiscordUserPayload> {
    const { id } = await requireLink(context, input.id, 'input.id');
    const answer = await this.deps.links.reconcileMember({
      id,
      cause: requestCause(context),
      waitMs: RECONCILE_WAIT_MS,
    });
    const discordUser = await loadAnew(context, id);
    const state = answer === 'PENDING' ? 'PENDING' : (discordUser?.state ?? null);
    return { state, discordUser, warnings: [] };
  }
}

@ResultOf('beginDiscordLink')
class BeginDiscordLinkPayload extends Payload {
  @Field(() => String, {
    description:
      "URL to open in the person's browser. Works once, in one browser. Do not show it to anyone else.",
  })
  readonly url!: string;

  @Field(() => DateTime, { description: 'When the URL expires.' })
  readonly expiresAt!: Date;
}

@ResultOf('linkDiscordUser')
class LinkDiscordUserPayload extends Payload {
  @Field(() => DiscordUser, { description: 'The link.' })
  readonly discordUser!: DiscordUser;
}

@ResultOf('unlinkDiscordUser')
class UnlinkDiscordUserPayload extends Payload {
  @Field(() => ID, { description: "The link's id." })
  readonly id!: string;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'The link while its roles are being removed. Null: removed.',
  })
  readonly discordUser!: DiscordUser | null;
}

@ResultOf('reconcileDiscordUser')
class ReconcileDiscordUserPayload extends Payload {
  @Field(() => LinkStateEnum, {
    nullable: true,
    description:
      'The state after the reconcile. PENDING: it did not finish within five seconds and continues in the background. Null: the link was ending and is now removed.',
  })
  readonly state!: LinkState | null;

  @Field(() => DiscordUser, {
    nullable: true,
    description: 'The link. Null: it was ending and is now removed.',
  })
  readonly discordUser!: DiscordUser | null;
}

async function loadAnew(context: ApiContext, id: LinkId): Promise<DiscordUser | null> {
  forgetRows(context.loaders);
  return (await context.loaders.links.load(id)) ?? null;
}

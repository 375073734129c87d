import { FirstTables } from './2026-11-22-first.js';
import { ClientChecks } from './2026-11-22-client-checks.js';
import { Decisions } from './2026-11-22-decisions.js';
import { DiscordSays } from './2026-11-22-discord-says.js';
import { Idempotency } from './2026-11-22-idempotency.js';
import { Nicknames } from './2026-11-22-nicknames.js';
import { Notices } from './2026-11-22-notices.js';
import { Retention } from './2026-11-23-retention.js';
import { SignIn } from './2026-11-22-sign-in.js';
import { Sweeps } from './2026-11-22-sweeps.js';
import { QuietSweeps } from './2026-11-23-quiet-sweeps.js';
import { Telemetry } from './2026-11-23-telemetry.js';
import { LinksInOrder } from './2026-11-23-links-in-order.js';
import { DeletionFences } from './2026-11-29-deletion-fences.js';
import { MutationTimes } from './2026-11-29-mutation-times.js';
import { TicketAttempts } from './2026-11-29-ticket-attempts.js';
import { TicketEmails } from './2026-11-29-ticket-emails.js';
import { ForeignRoles } from './2026-11-29-foreign-roles.js';
import { RolesRead } from './2026-11-29-roles-read.js';
import { CountsFault } from './2026-11-29-counts-fault.js';
import { Claims } from './2026-11-29-claims.js';
import { WriteProbe } from './2026-11-29-write-probe.js';
import { Guard } from './2026-11-29-guard.js';
import { LinkProof } from './2026-11-29-link-proof.js';
import { MemberStates } from './2026-11-29-member-states.js';
import { SendingPauses } from './2026-11-29-sending-pauses.js';
import { ClaimOwners } from './2026-11-29-claim-owners.js';
import { NicknameResets } from './2026-11-29-nickname-resets.js';
import { ParkedCauses } from './2026-11-29-parked-causes.js';
import { UnlinkedHolders } from './2026-11-29-unlinked-holders.js';
import { BotAccounts } from './2026-11-29-bot-accounts.js';
import { MembershipScreening } from './2026-11-29-screening.js';
import { EnsuredRoles } from './2026-11-29-ensured-roles.js';
import { Workers } from './2026-11-22-workers.js';

/**
 * In the order they run. A migration, once released, is never changed. In a migration, tables that
 * point to others come before those others, because every writer locks them in this order.
 */
export const MIGRATIONS = [
  { name: '2026-11-22-first', class: FirstTables },
  { name: '2026-11-22-workers', class: Workers },
  { name: '2026-11-22-sign-in', class: SignIn },
  { name: '2026-11-22-client-checks', class: ClientChecks },
  { name: '2026-11-22-sweeps', class: Sweeps },
  { name: '2026-11-22-decisions', class: Decisions },
  { name: '2026-11-22-nicknames', class: Nicknames },
  { name: '2026-11-22-notices', class: Notices },
  { name: '2026-11-22-discord-says', class: DiscordSays },
  { name: '2026-11-22-idempotency', class: Idempotency },
  { name: '2026-11-23-retention', class: Retention },
  { name: '2026-11-23-telemetry', class: Telemetry },
  { name: '2026-11-23-quiet-sweeps', class: QuietSweeps },
  { name: '2026-11-23-links-in-order', class: LinksInOrder },
  { name: '2026-11-29-mutation-times', class: MutationTimes },
  { name: '2026-11-29-deletion-fences', class: DeletionFences },
  { name: '2026-11-29-ticket-emails', class: TicketEmails },
  { name: '2026-11-29-foreign-roles', class: ForeignRoles },
  { name: '2026-11-29-claims', class: Claims },
  { name: '2026-11-29-write-probe', class: WriteProbe },
  { name: '2026-11-29-guard', class: Guard },
  { name: '2026-11-29-counts-fault', class: CountsFault },
  { name: '2026-11-29-link-proof', class: LinkProof },
  { name: '2026-11-29-member-states', class: MemberStates },
  { name: '2026-11-29-sending-pauses', class: SendingPauses },
  { name: '2026-11-29-claim-owners', class: ClaimOwners },
  { name: '2026-11-29-roles-read', class: RolesRead },
  { name: '2026-11-29-nickname-resets', class: NicknameResets },
  { name: '2026-11-29-unlinked-holders', class: UnlinkedHolders },
  { name: '2026-11-29-ticket-attempts', class: TicketAttempts },
  { name: '2026-11-29-screening', class: MembershipScreening },
  { name: '2026-11-29-ensured-roles', class: EnsuredRoles },
  { name: '2026-11-29-parked-causes', class: ParkedCauses },
  { name: '2026-11-29-bot-accounts', class: BotAccounts },
] as const;

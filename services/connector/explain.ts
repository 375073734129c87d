import { InputError } from '../lib/errors.js';
import type { LinkId, RoleId } from '../model.js';
import { explainRole } from '../reconcile/explain/explain.js';
import type { Store } from '../store/store.js';

/** Explains why a user has or lacks a role. Takes two SQL statements and no call to Discord. */
export function createExplainRole({ store }: { readonly store: Pick<Store, 'read' | 'memory'> }) {
  return async (request: { id: LinkId; roleId: RoleId }) => {
    const { id, roleId } = request;
    // Read the history first. If a run finishes between the two reads, its change then counts as
    // done. In the other order the change would look due although no job exists.
    const history = await store.read.roleHistory({ linkId: id, roleId });
    const facts = history && (await store.memory.readMember(history.member));
    const link = facts?.links.find((one) => one.linkId === id);
    if (!history || !facts || !link)
      throw new InputError('NOT_FOUND', `Link ${id} does not exist.`, 'id');
    const explanation = explainRole({ roleId, facts, link, history });
    if (explanation === null)
      throw new InputError(
        'NOT_FOUND',
        `The guild has no role ${roleId}. Run importDiscordRoles if the role is new.`,
        'roleId',
      );
    return explanation;
  };
}

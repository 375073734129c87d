/**
 * The API's ports for the platform's facts. They receive facts whose shape is already checked. They
 * return the outcome of each fact, and the users and groups that the facts describe. They never
 * write a role to Discord: a fact marks members for a reconcile, and the workers write.
 */
import type { FactOutcome, GroupId, PlatformFact, PlatformUserId } from '../../model.js';
import type { Page, Rows } from '../kit/ports.js';
import type { PlatformGroup, PlatformUser } from './platform.types.js';

export interface FactPort {
  applyFacts(facts: readonly PlatformFact[]): Promise<readonly FactOutcome[]>;
  /**
   * Restores a deleted user. Returns false if the user is not deleted. Throws InputError NOT_FOUND
   * for a user that was never reported.
   */
  restoreUser(id: PlatformUserId): Promise<boolean>;
}

export interface PlatformReads {
  findPlatformUsers(ids: readonly PlatformUserId[]): Promise<readonly (PlatformUser | undefined)[]>;
  findPlatformGroups(ids: readonly GroupId[]): Promise<readonly (PlatformGroup | undefined)[]>;
  /** The groups that each user is in now. */
  groupsOfPlatformUsers(
    ids: readonly PlatformUserId[],
  ): Promise<readonly (readonly PlatformGroup[])[]>;
  pagePlatformGroups(search: string | null, page: Page): Promise<Rows<PlatformGroup>>;
  countPlatformGroups(search: string | null): Promise<number>;
}

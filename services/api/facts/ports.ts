/**
 * What the API needs for the platform's facts. In: facts whose shape is already checked. Out: which
 * of them count, and the users and groups as the facts describe them. Never: a role written to
 * Discord; facts mark members, and the path writes.
 */
import type { FactOutcome, GroupId, PlatformFact, PlatformUserId } from '../../model.js';
import type { Page, Rows } from '../kit/ports.js';
import type { PlatformGroup, PlatformUser } from './platform.types.js';

export interface FactPort {
  applyFacts(facts: readonly PlatformFact[]): Promise<readonly FactOutcome[]>;
  /**
   * Lifts a deletion; false: the user is not deleted. Throws InputError NOT_FOUND for a user that
   * was never heard of.
   */
  restoreUser(id: PlatformUserId): Promise<boolean>;
}

export interface PlatformReads {
  findPlatformUsers(ids: readonly PlatformUserId[]): Promise<readonly (PlatformUser | undefined)[]>;
  findPlatformGroups(ids: readonly GroupId[]): Promise<readonly (PlatformGroup | undefined)[]>;
  /** Groups that hold the user now. */
  groupsOfPlatformUsers(
    ids: readonly PlatformUserId[],
  ): Promise<readonly (readonly PlatformGroup[])[]>;
  pagePlatformGroups(search: string | null, page: Page): Promise<Rows<PlatformGroup>>;
  countPlatformGroups(search: string | null): Promise<number>;
}

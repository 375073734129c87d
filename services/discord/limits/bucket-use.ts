import { RequestMethod } from '@discordjs/rest';

import { type Call, MEMBER, MEMBER_ROLE } from '../rest/calls.js';

/** A bucket as a caller knows it; the headers may reveal that several are one. */
export interface BucketUse {
  readonly method: string;
  readonly route: string;
  readonly guildId: string;
  readonly isUrgent: boolean;
}

/** Methods of one route can have limits of their own, and guilds always have. */
export function bucketName({ method, route, guildId }: BucketUse): string {
  return `${method} ${route} ${guildId}`;
}

export function bucketUse({ method, route, ids, isUrgent = true }: Call): BucketUse {
  return { method, route, guildId: ids['guildId'] ?? '', isUrgent };
}

/** The calls that write to members, by the buckets they are counted in. */
export function writeUses(
  guildId: string,
  isUrgent: boolean,
): Readonly<Record<'addition' | 'removal' | 'edit', BucketUse>> {
  const use = (method: string, route: string) => ({
    method,
    route,
    guildId,
    isUrgent,
  });
  return {
    addition: use(RequestMethod.Put, MEMBER_ROLE),
    removal: use(RequestMethod.Delete, MEMBER_ROLE),
    edit: use(RequestMethod.Patch, MEMBER),
  };
}

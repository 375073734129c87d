import {
  ATTRIBUTE_NAMES,
  type Attributes,
  type Cause,
  type FactOrder,
  type GroupId,
  type PlatformFact,
} from '../../model.js';
import {
  BrokenEvent,
  checkEventText,
  type FieldScope,
  isFields,
  nearestName,
  readOptionalText,
  readText,
  shown,
  shownChoice,
} from './fields.js';

export interface FactFrame {
  readonly order: FactOrder;
  readonly cause: Cause;
}

export type FactReader = (payload: FieldScope, frame: FactFrame) => PlatformFact;

const MAX_GROUPS = 10_000;

/** The reader of each known event type. */
export const factReaders: ReadonlyMap<string, FactReader> = new Map([
  ['platform.group.membership.changed.v1', membershipChanged],
  ['platform.group.membership.snapshot.v1', membershipSnapshot],
  ['platform.user.changed.v1', userChanged],
  ['platform.user.deleted.v1', userDeleted],
  ['platform.group.changed.v1', groupChanged],
  ['platform.group.deleted.v1', groupDeleted],
]);

function membershipChanged(payload: FieldScope, frame: FactFrame): PlatformFact {
  const platformUserId = readText(payload, 'userId');
  const groupId = readText(payload, 'groupId');
  const change = readChange(payload);
  return {
    kind: 'membershipChanged',
    platformUserId,
    groupId,
    change,
    order: frame.order,
    cause: { ...frame.cause, groupId },
  };
}

function membershipSnapshot(payload: FieldScope, frame: FactFrame): PlatformFact {
  return {
    kind: 'membershipSnapshot',
    platformUserId: readText(payload, 'userId'),
    groupIds: readGroupIds(payload),
    ...frame,
  };
}

function userChanged(payload: FieldScope, frame: FactFrame): PlatformFact {
  const attributes = readAttributes(payload);
  return {
    kind: 'userChanged',
    platformUserId: readText(payload, 'userId'),
    username: readText(payload, 'username'),
    ...(attributes && { attributes }),
    ...frame,
  };
}

function userDeleted(payload: FieldScope, frame: FactFrame): PlatformFact {
  const platformUserId = readText(payload, 'userId');
  return { kind: 'userDeleted', platformUserId, ...frame };
}

function groupChanged(payload: FieldScope, frame: FactFrame): PlatformFact {
  const groupId = readText(payload, 'groupId');
  const name = readOptionalText(payload, 'name');
  return { kind: 'groupChanged', groupId, ...(name !== null && { name }), ...frame };
}

function groupDeleted(payload: FieldScope, frame: FactFrame): PlatformFact {
  const groupId = readText(payload, 'groupId');
  return { kind: 'groupDeleted', groupId, ...frame };
}

function readChange({ fields, at }: FieldScope): 'added' | 'removed' {
  const change = fields['change'];
  if (change === 'added' || change === 'removed') return change;
  if (change === undefined) throw new BrokenEvent(`${at}change is missing`);
  const meant = typeof change === 'string' ? nearestName(change, CHANGES) : null;
  const hint = meant === null ? '' : `: did you mean "${meant}"?`;
  throw new BrokenEvent(
    `${at}change must be "added" or "removed", got ${shownChoice(change)}${hint}`,
  );
}

const CHANGES = ['added', 'removed'] as const;

function readGroupIds({ fields, at }: FieldScope): readonly GroupId[] {
  const groupIds: unknown = fields['groupIds'];
  if (groupIds === undefined) throw new BrokenEvent(`${at}groupIds is missing`);
  if (!Array.isArray(groupIds)) {
    throw new BrokenEvent(`${at}groupIds must be an array, got ${shown(groupIds)}`);
  }
  if (groupIds.length > MAX_GROUPS) {
    throw new BrokenEvent(
      `${at}groupIds must have at most ${MAX_GROUPS} items, got ${groupIds.length}`,
    );
  }
  const checked = groupIds.map((groupId: unknown, index) =>
    checkEventText(groupId, () => `${at}groupIds[${index}]`),
  );
  return [...new Set(checked)];
}

/**
 * Reads the attributes. An absent attribute keeps its stored value; null or empty text clears it.
 */
function readAttributes({ fields, at }: FieldScope): Attributes | null {
  const sent = fields['attributes'] ?? null;
  if (sent === null) return null;
  if (!isFields(sent)) {
    throw new BrokenEvent(`${at}attributes must be an object, got ${shown(sent)}`);
  }
  const place = { fields: sent, at: `${at}attributes.` };
  const said = ATTRIBUTE_NAMES.filter((name) => sent[name] !== undefined);
  return Object.fromEntries(said.map((name) => [name, readOptionalText(place, name)]));
}

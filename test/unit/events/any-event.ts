import fc from 'fast-check';

export const READ_TYPES = [
  'platform.group.membership.changed.v1',
  'platform.group.membership.snapshot.v1',
  'platform.user.changed.v1',
  'platform.user.deleted.v1',
  'platform.group.changed.v1',
  'platform.group.deleted.v1',
] as const;

export const WRITTEN_TYPES = [
  'discord.membership.requested.v1',
  'discord.user.linked.v1',
  'discord.user.unlinked.v1',
  'discord.member.left.v1',
  'discord.member.returned.v1',
  'discord.member.banned.v1',
  'discord.member.disputed.v1',
  'discord.roles.changed.v1',
  'discord.sweep.held.v1',
] as const;

const anything = fc.oneof(
  fc.constantFrom(null, true, -1, 0, 2 ** 53, '', '12', '\0', 'a\ud800', [], {}),
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Mostly right, sometimes anything, sometimes not there. */
const mostly = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 20, arbitrary: right },
    { weight: 1, arbitrary: anything },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );

const id = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
  fc.string({ minLength: 250, maxLength: 260 }),
);
const optional = <T>(right: fc.Arbitrary<T>) => mostly(fc.option(right, { nil: undefined }));

const payload = fc.record({
  userId: mostly(id),
  groupId: mostly(id),
  change: mostly(fc.constantFrom('added', 'removed')),
  groupIds: mostly(fc.array(id, { maxLength: 5 })),
  username: mostly(id),
  name: optional(id),
  sequence: optional(fc.oneof(fc.maxSafeNat(), fc.maxSafeNat().map(String))),
  attributes: optional(
    fc.record(
      { character: mostly(id), corporation: mostly(id), alliance: mostly(id) },
      { requiredKeys: [] },
    ),
  ),
});

const time = fc
  .date({
    min: new Date('0000-01-02'),
    max: new Date('2026-03-14'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString());

/** An event of one of the types that are read, with here and there something wrong. */
export const anyEvent = fc.record({
  specversion: mostly(fc.constant('1.0')),
  id: mostly(id),
  source: mostly(fc.webPath({ size: 'small' }).map((path) => path || '/')),
  type: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...READ_TYPES) },
    { weight: 1, arbitrary: fc.constant('order.placed.v1') },
  ),
  time: optional(
    fc.oneof(
      time,
      time.map((text) => text.replace('Z', '123456+01:00')),
    ),
  ),
  datacontenttype: optional(
    fc.constantFrom('application/json', 'Application/JSON; charset=utf-8', 'application/a+json'),
  ),
  data: mostly(payload),
});

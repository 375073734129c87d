import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

const MAX_UINT64 = 2n ** 64n - 1n;

const refuse = (message: string, node?: ValueNode): GraphQLError =>
  new GraphQLError(message, {
    ...(node ? { nodes: [node] } : {}),
    extensions: { code: 'BAD_USER_INPUT' },
  });

/**
 * A Discord id is never converted to a number: it has 64 bits, and a JSON number keeps 53 of them.
 */
export const Snowflake = new GraphQLScalarType<string, string>({
  name: 'Snowflake',
  description:
    'A Discord id: a decimal string of 15 to 20 digits that fits in 64 bits. Never a number, because JSON numbers lose digits.',
  serialize: String,
  parseValue: (value) => parseSnowflake(value),
  parseLiteral: (node) =>
    node.kind === Kind.STRING
      ? parseSnowflake(node.value, node)
      : parseSnowflake(node.kind === Kind.INT ? 0 : null, node),
});

function parseSnowflake(value: unknown, node?: ValueNode): string {
  if (typeof value === 'number')
    throw refuse('A Snowflake must be a quoted string: as a number it loses digits.', node);
  if (typeof value !== 'string' || !/^[0-9]{15,20}$/.test(value))
    throw refuse(
      'A Snowflake must be a decimal string of 15 to 20 digits, as Discord shows it with "Copy ID".',
      node,
    );
  if (BigInt(value) > MAX_UINT64) throw refuse('A Snowflake must fit in 64 bits.', node);
  return value;
}

/** Accepts a number or a decimal string. Returns a number, which holds 53 bits exactly. */
export const Sequence = new GraphQLScalarType<number, number>({
  name: 'Sequence',
  description:
    'A position in the order of facts: a whole number from 0 to 2^53-1, as a number or a decimal string.',
  serialize: (value) => Number(value),
  parseValue: (value) => parseSequence(value),
  parseLiteral: (node) =>
    node.kind === Kind.STRING || node.kind === Kind.INT
      ? parseSequence(node.value, node)
      : parseSequence(null, node),
});

function parseSequence(value: unknown, node?: ValueNode): number {
  const isWhole =
    typeof value === 'number' || (typeof value === 'string' && /^[0-9]{1,16}$/.test(value));
  const sequence = isWhole ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(sequence) || sequence < 0)
    throw refuse('A Sequence must be a whole number from 0 to 2^53-1 (9007199254740991).', node);
  return sequence;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description:
    'A point in time in RFC 3339 format with a zone: `2026-11-22T17:13:00.000Z`. Responses use UTC.',
  serialize: (value) => {
    if (value instanceof Date) return value.toISOString();
    throw new TypeError('a DateTime can only be serialized from a Date');
  },
  parseValue: (value) => parseDateTime(value),
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : null, node),
});

function parseDateTime(value: unknown, node?: ValueNode): Date {
  const time = typeof value === 'string' && RFC3339.test(value) ? new Date(value) : null;
  if (!time || Number.isNaN(time.getTime()))
    throw refuse(
      'A DateTime must be an RFC 3339 time with a zone, such as "2026-11-22T17:13:00Z".',
      node,
    );
  return time;
}

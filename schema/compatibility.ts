import { CriticalityLevel, diff, type Change } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

export interface Verdict {
  /** Breaking changes that nobody declared: `Type.field: what happened`. */
  readonly undeclared: readonly string[];
  /** Declared paths at which nothing breaks. */
  readonly idle: readonly string[];
  /** What is allowed, but may surprise a caller: a new value of an enum, say. */
  readonly surprising: readonly string[];
}

interface Schemas {
  readonly released: string;
  readonly current: string;
  /** The text of breaking-changes.md. */
  readonly declarations: string;
}

/** What the current schema would break for callers of the released one. */
export async function compareSchemas(given: Schemas): Promise<Verdict> {
  const changes = await diff(buildSchema(given.released), buildSchema(given.current));
  const declared = declaredPaths(given.declarations);
  const breaking = changes.filter(isBreaking);
  const broken = new Set(breaking.map(placeOf));
  return {
    undeclared: breaking.filter((change) => !declared.includes(placeOf(change))).map(sentenceOf),
    idle: declared.filter((path) => !broken.has(path)),
    surprising: changes
      .filter((change) => !isBreaking(change) && isDangerous(change))
      .map(sentenceOf),
  };
}

/**
 * Each declaration is a point of a list that begins with its path: "- `DiscordUser.username`: why".
 */
function declaredPaths(declarations: string): readonly string[] {
  return [...declarations.matchAll(/^- `([^`]+)`: \S/gm)].map((match) => match[1] ?? '');
}

/**
 * An entity that loses its key breaks every router, though a caller of this service alone would not
 * see it.
 */
function isBreaking({ criticality, type }: Change): boolean {
  return (
    criticality.level === CriticalityLevel.Breaking || /^DIRECTIVE_USAGE_\w+_REMOVED$/.test(type)
  );
}

const isDangerous = ({ criticality }: Change): boolean =>
  criticality.level === CriticalityLevel.Dangerous;

const placeOf = ({ path, type }: Change): string => path ?? type;

const sentenceOf = (change: Change): string => `${placeOf(change)}: ${change.message}`;

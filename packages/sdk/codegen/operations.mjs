import { Kind, print, visit } from 'graphql';

/**
 * A plugin of graphql-codegen, after typescript-operations: each operation with its kind, its one root field and its text, and
 * the types of its variables and of that field.
 */
export const plugin = (_schema, documents) => {
  const definitions = documents.flatMap(({ document }) => document.definitions);
  const fragments = new Map(
    definitions
      .filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const operations = definitions
    .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map((operation) => describe(operation, fragments));
  return [
    '/** The arguments and the result of each operation. */',
    'export interface Operations {',
    ...operations.map(typeLine),
    '}',
    '',
    'export const operations = {',
    ...operations.map(valueLine),
    '} as const;',
  ].join('\n');
};

function describe(operation, fragments) {
  const { name, operation: kind, selectionSet } = operation;
  const [root, ...others] = selectionSet.selections;
  if (root.kind !== Kind.FIELD || root.alias || others.length > 0)
    throw new Error(`${name.value} must ask for one root field`);
  const parts = [operation, ...spreadIn(operation, fragments)];
  return {
    name: name.value,
    kind,
    field: root.name.value,
    takesInput: kind === 'mutation',
    text: parts.map((part) => print(part)).join('\n'),
  };
}

/** Every fragment that the operation uses, once. */
function spreadIn(operation, fragments) {
  const found = new Set();
  const look = (node) =>
    visit(node, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (found.has(fragment)) return;
        found.add(fragment);
        look(fragment);
      },
    });
  look(operation);
  return found;
}

function typeLine({ name, kind, field, takesInput }) {
  const type = `${capital(name)}${capital(kind)}`;
  const variables = `${type}Variables`;
  return `readonly ${name}: { readonly takes: ${takesInput ? `${variables}['input']` : variables}; readonly answers: ${type}['${field}'] };`;
}

const valueLine = ({ name, kind, field, takesInput, text }) =>
  `${name}: { kind: '${kind}', field: '${field}', takesInput: ${takesInput}, text: \`${text}\` },`;

const capital = (word) => `${word[0].toUpperCase()}${word.slice(1)}`;

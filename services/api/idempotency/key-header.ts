import { createHash } from 'node:crypto';

import type { FastifyInstance } from 'fastify';
import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

import { InputError } from '../../lib/errors.js';
import type { Caller } from '../access/caller.js';
import { requestPath, RefusedRequest } from '../http/http-errors.js';
import type { RepeatableRequest } from './ports.js';

export const KEY_HEADER = 'idempotency-key';

const KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * The request that an `Idempotency-Key` identifies. Null for reads. A caller's rights are part of
 * it: with fewer rights than at the first try, the stored answer could show more than they may see.
 */
export function repeatable(asked: {
  readonly key: string | undefined;
  readonly caller: Caller | null;
  readonly source: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: unknown;
}): RepeatableRequest | null {
  const { key, caller, operation } = asked;
  if (key === undefined || caller === null) return null;
  if (operation.operation !== OperationTypeNode.MUTATION) return null;
  if (!KEY.test(key)) throw refusal('Idempotency-Key must be 1 to 255 printable ASCII characters.');
  if (rootFields(asked.document, operation.selectionSet) !== 1)
    throw refusal('A request with an Idempotency-Key must contain exactly one mutation.');
  const rights = [caller.scopes.toSorted(), caller.clientIds?.toSorted() ?? null];
  const name = operation.name?.value ?? null;
  const said = [asked.source, name, sorted(asked.variables), rights];
  return { caller: caller.name, keyHash: sha256(key), fingerprint: sha256(JSON.stringify(said)) };
}

/** The playground's endpoint does not support idempotency keys, so it must reject them. */
export function refuseKeysBut(scope: FastifyInstance, path: string): void {
  scope.addHook('onRequest', async (request) => {
    if (request.headers[KEY_HEADER] === undefined) return;
    if (requestPath(request) === path) return;
    throw new RefusedRequest({
      status: 400,
      code: 'BAD_USER_INPUT',
      message: `Idempotency-Key is supported at POST ${path} only.`,
    });
  });
}

/** The document is valid: no fragment is within itself. */
function rootFields(document: DocumentNode, set: SelectionSetNode): number {
  return set.selections.reduce((count, selection) => {
    if (selection.kind === Kind.FIELD)
      return count + (selection.name.value === '__typename' ? 0 : 1);
    const below =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : document.definitions.find(
            (each) =>
              each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
          );
    if (!below || !('selectionSet' in below) || !below.selectionSet) return count;
    return count + rootFields(document, below.selectionSet);
  }, 0);
}

/** Clients may write the fields of an object in any order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, below]) => [name, sorted(below)]);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const refusal = (message: string) => new InputError('BAD_USER_INPUT', message);

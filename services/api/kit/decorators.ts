/**
 * The shim must be imported first: type-graphql reads metadata through `Reflect` when classes are
 * defined.
 */
import 'reflect-metadata';
import { Arg, type ClassType, Extensions, Field, ObjectType } from 'type-graphql';

import type { Scope } from '../access/caller.js';

/*
 * With `simpleResolvers`, a field is read from the row property of that name. A field with another
 * name in the schema (option `name`) therefore needs `simple: false`.
 */
export {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Directive,
  Field,
  FieldResolver,
  Float,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  registerEnumType,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';

/** Declares `input`, the only argument of a mutation. */
export const Input = (type: () => ClassType, description: string) =>
  Arg('input', type, { description });

/** The field extension that holds the required scope. */
export const REQUIRED_SCOPE = 'scope';

/** Requires this scope for the field. `guardScopes` enforces it. */
export const Authorized = (scope: Scope) => Extensions({ [REQUIRED_SCOPE]: scope });

/**
 * Base of all mutation payloads. Each mutation has its own payload type, even where two are alike
 * today: a field added to one must not appear in the other.
 */
@ObjectType({ description: 'The result of a mutation.', simpleResolvers: true })
export abstract class Payload {
  @Field(() => [String], { description: 'Warnings about an operation that succeeded.' })
  readonly warnings!: readonly string[];
}

/** Declares the payload type of this mutation. `more` is appended to the description. */
export const ResultOf = (mutation: string, more = ''): ClassDecorator =>
  ObjectType({ description: `The result of \`${mutation}\`.${more}`, simpleResolvers: true });

/**
 * type-graphql reads design-time metadata through `Reflect` while classes are defined: the shim has
 * to be there first.
 */
import 'reflect-metadata';
import { Arg, type ClassType, Extensions, Field, ObjectType } from 'type-graphql';

import type { Scope } from '../access/caller.js';

/*
 * With `simpleResolvers` a field is read from the row by its name in the schema. A field that is
 * named otherwise there (`name`) therefore says `simple: false`.
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

/** The one argument of a mutation. */
export const Input = (type: () => ClassType, description: string) =>
  Arg('input', type, { description });

/** Where a field keeps the scope that it requires. */
export const REQUIRED_SCOPE = 'scope';

/** Callers need this scope for the field; `guardScopes` enforces it. */
export const Authorized = (scope: Scope) => Extensions({ [REQUIRED_SCOPE]: scope });

/**
 * What every mutation returns. Each has a payload of its own, even where two are alike today: a
 * field added for one of them must not appear in the other.
 */
@ObjectType({ description: 'The result of a mutation.', simpleResolvers: true })
export abstract class Payload {
  @Field(() => [String], { description: 'Warnings about an operation that succeeded.' })
  readonly warnings!: readonly string[];
}

/** The payload of this mutation. `more` is appended to the description. */
export const ResultOf = (mutation: string, more = ''): ClassDecorator =>
  ObjectType({ description: `The result of \`${mutation}\`.${more}`, simpleResolvers: true });

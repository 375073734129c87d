/**
 * `reflect-metadata` must be imported first, because type-graphql uses what it adds to `Reflect`
 * when classes are defined.
 */
import 'reflect-metadata';
import { Arg, type ClassType, Extensions, Field, ObjectType } from 'type-graphql';

import type { Scope } from '../access/caller.js';

/*
 * With `simpleResolvers`, GraphQL reads a field from the property with the same name as in the
 * schema. If the names differ (option `name`), the field needs `simple: false`.
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

/** The name of the field extension that holds the required scope. */
export const REQUIRED_SCOPE = 'scope';

/** Requires this scope for the field. `guardScopes` enforces it. */
export const Authorized = (scope: Scope) => Extensions({ [REQUIRED_SCOPE]: scope });

/**
 * Base of all mutation payloads. Each mutation has its own payload type, even if two are alike
 * today, so that a field added to one does not appear in the other.
 */
@ObjectType({ description: 'The result of a mutation.', simpleResolvers: true })
export abstract class Payload {
  @Field(() => [String], { description: 'Warnings about an operation that succeeded.' })
  readonly warnings!: readonly string[];
}

/** Declares a class as the payload type of a mutation. `more` is appended to the description. */
export const ResultOf = (mutation: string, more = ''): ClassDecorator =>
  ObjectType({ description: `The result of \`${mutation}\`.${more}`, simpleResolvers: true });

/**
 * type-graphql reads design-time metadata through `Reflect` while classes are defined: the shim has
 * to be there first.
 */
import 'reflect-metadata';

import { Extensions } from 'type-graphql';

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

/** Where a field keeps the scope that it requires. */
export const REQUIRED_SCOPE = 'scope';

/** Callers need this scope for the field; `guardScopes` enforces it. */
export const Authorized = (scope: Scope) => Extensions({ [REQUIRED_SCOPE]: scope });

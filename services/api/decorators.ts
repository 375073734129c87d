/** type-graphql reads design-time metadata through `Reflect` while classes are defined: the shim has to be there first. */
import 'reflect-metadata';

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

export { Authorized } from './auth/scopes.js';

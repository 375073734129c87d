/** type-graphql reads design-time metadata through `Reflect` while classes are defined: the shim has to be there first. */
import 'reflect-metadata';

export {
  Arg,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  Float,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql';

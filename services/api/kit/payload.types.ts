import { Field, ObjectType } from './decorators.js';

/**
 * What every mutation returns. Each has a payload of its own, even where two are alike today: a
 * field added for one of them must not appear in the other.
 */
@ObjectType({ description: 'The result of a mutation.', simpleResolvers: true })
export abstract class Payload {
  @Field(() => [String], { description: 'Warnings about an operation that succeeded.' })
  readonly warnings!: readonly string[];
}

/** The payload of this mutation. `more` says what the name does not. */
export const ResultOf = (mutation: string, more = ''): ClassDecorator =>
  ObjectType({ description: `The result of \`${mutation}\`.${more}`, simpleResolvers: true });

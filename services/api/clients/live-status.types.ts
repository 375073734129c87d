import type { LiveState } from '../../model.js';
import { Field, Int, ObjectType } from '../kit/decorators.js';
import { describeEnum } from '../kit/enums.js';
import { DateTime } from '../kit/scalars.js';

const LiveStateEnum = describeEnum<LiveState>(
  'LiveState',
  'How changes made on Discord reach the connector.',
  {
    OFF: "No session at Discord's gateway is opened, because `live` is false or nothing is sent to Discord for the client; see `reason`.",
    CONNECTING: 'A session is being opened. Until then, sweeps find the changes.',
    CATCHING_UP:
      'Events arrive, but some were missed. The next complete member list finds what they would have shown.',
    LIVE: 'Events arrive within a second, and none is missing.',
    POLLING: 'Events cannot arrive; see `reason`. Sweeps find the changes.',
  },
);

@ObjectType({
  description: "The client's session at Discord's gateway. Read from the database.",
  simpleResolvers: true,
})
export class LiveStatus {
  @Field(() => LiveStateEnum, { description: 'How changes on Discord reach the connector.' })
  readonly state!: LiveState;

  @Field(() => String, {
    nullable: true,
    description: 'Why events do not arrive. Null if they do.',
  })
  readonly reason!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the state began. Null if the state is OFF.',
  })
  readonly since!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the last event of the guild arrived. Null: never.',
  })
  readonly lastEventAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When events were last missed, until a member list that was requested later has shown the changes. Null if none is missing.',
  })
  readonly gapSince!: Date | null;

  @Field(() => Int, {
    description:
      'Number of differences that sweeps have found and that events should have shown; 0 is the expected value.',
  })
  readonly missed!: number;
}

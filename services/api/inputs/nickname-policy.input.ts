import type { NicknameOnUnlink, NicknameStrategy } from '../../model.js';
import { Field, InputType } from '../decorators.js';
import { NicknameStrategyEnum } from '../enums.js';
import { NicknameOnUnlinkEnum } from '../types/nickname-on-unlink.enum.js';

@InputType({ description: 'How nicknames of linked members are made.' })
export class NicknamePolicyInput {
  @Field(() => NicknameStrategyEnum, { description: 'The way they are made.' })
  readonly strategy!: NicknameStrategy;

  @Field(() => String, {
    nullable: true,
    description:
      'For TEMPLATE: text with %username, %character (of the primary one), %corporation and %alliance (tickers); %% is a percent sign. Brackets around variables without a value go with them.',
  })
  readonly template?: string | null;

  @Field(() => NicknameOnUnlinkEnum, {
    nullable: true,
    description:
      'What happens to a nickname that the connector set when the last link of the account ends. Default: RESET.',
  })
  readonly onUnlink?: NicknameOnUnlink | null;
}

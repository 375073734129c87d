import type { NicknameOnUnlink, NicknameStrategy } from '../../model.js';
import { Field, InputType } from '../kit/decorators.js';
import { NicknameStrategyEnum } from '../kit/enums.js';
import { NicknameOnUnlinkEnum } from './nickname-on-unlink.enum.js';

@InputType({ description: 'How nicknames of linked members are built.' })
export class NicknamePolicyInput {
  @Field(() => NicknameStrategyEnum, { description: 'How nicknames are built.' })
  readonly strategy!: NicknameStrategy;

  @Field(() => String, {
    nullable: true,
    description:
      'For TEMPLATE: text with %username, %character (the primary character), %corporation and %alliance (tickers); %% is a percent sign. Brackets around a variable without a value are dropped.',
  })
  readonly template?: string | null;

  @Field(() => NicknameOnUnlinkEnum, {
    nullable: true,
    description:
      "What happens to a nickname set by the connector when the account's last link ends. Default RESET.",
  })
  readonly onUnlink?: NicknameOnUnlink | null;
}

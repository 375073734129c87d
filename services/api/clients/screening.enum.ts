import type { Screening } from '../../model.js';
import { describeEnum } from '../kit/enums.js';

export const ScreeningEnum = describeEnum<Screening>(
  'Screening',
  "Whether grants wait for Discord's membership screening: the rules that new members of some servers have to accept.",
  {
    WAIT: 'Members get roles and nickname once they have accepted the rules; people who sign in join without them. Removals do not wait, and roles that a member holds already stay.',
    IGNORE:
      'Members get roles and nickname at once. In some servers a granted role ends screening.',
  },
);

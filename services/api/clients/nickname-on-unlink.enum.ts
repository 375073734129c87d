import type { NicknameOnUnlink } from '../../model.js';
import { describeEnum } from '../kit/enums.js';

export const NicknameOnUnlinkEnum = describeEnum<NicknameOnUnlink>(
  'NicknameOnUnlink',
  "What happens to a nickname set by the connector when the account's last link ends.",
  {
    RESET:
      'The connector removes it, unless it was changed at Discord since. Removing it never delays the removal of the link.',
    KEEP: 'The nickname stays.',
  },
);

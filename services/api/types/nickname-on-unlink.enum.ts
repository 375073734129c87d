import type { NicknameOnUnlink } from '../../model.js';
import { describeEnum } from '../enums.js';

export const NicknameOnUnlinkEnum = describeEnum<NicknameOnUnlink>(
  'NicknameOnUnlink',
  'What happens to a nickname that the connector set when the last link of the account ends.',
  {
    RESET:
      'The connector removes it, unless it was changed on Discord since. Removing it never delays the end of the link.',
    KEEP: 'It stays.',
  },
);

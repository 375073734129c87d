import { describe, expect, it } from 'vitest';

import { readReturnAddress, withAnswer } from '../../../../services/api/sign-in/addresses.js';

const ALLOWED = ['https://platform.example', 'http://dev.example:8080'];

describe('a return address', () => {
  it.each([
    ['https://platform.example', 'https://platform.example/'],
    ['https://platform.example/a/../b?c=d#e', 'https://platform.example/b?c=d#e'],
    ['HTTPS://Platform.EXAMPLE/Me', 'https://platform.example/Me'],
    ['https://platform.example:443/', 'https://platform.example/'],
    ['http://dev.example:8080/x', 'http://dev.example:8080/x'],
    [
      'https://platform.example/?to=https://evil.example',
      'https://platform.example/?to=https://evil.example',
    ],
    ['https://platform.example/@evil.example', 'https://platform.example/@evil.example'],
  ])('%s is read as %s', (given, read) => {
    expect(readReturnAddress(given, ALLOWED)).toBe(read);
  });

  it.each([
    ['another origin', 'https://evil.example/'],
    ['a longer name', 'https://platform.example.evil.example/'],
    ['a name before', 'https://evilplatform.example/'],
    ['a name below', 'https://sub.platform.example/'],
    ['another scheme', 'http://platform.example/'],
    ['another port', 'https://platform.example:8443/'],
    ['no port where one is named', 'http://dev.example/'],
    ['a dot at the end', 'https://platform.example./'],
    ['no scheme', '//platform.example/'],
    ['no scheme, another host', '//evil.example/'],
    ['a path', '/me'],
    ['a path that is a host', '/\\evil.example'],
    ['nothing', ''],
    ['one slash', 'https:/platform.example/'],
    ['no slash', 'https:platform.example/'],
    ['three slashes', 'https:///platform.example/'],
    ['backslashes', 'https:\\\\platform.example\\'],
    ['a backslash in the host', 'https://platform.example\\@evil.example/'],
    ['a backslash in the path', 'https://platform.example/\\evil.example'],
    ['a name', 'https://alice@platform.example/'],
    ['a name and a password', 'https://alice:x@platform.example/'],
    ['an empty name', 'https://@platform.example/'],
    ['a host as a name', 'https://platform.example@evil.example/'],
    ['a host as a password', 'https://a:platform.example@evil.example/'],
    ['a letter that looks alike', 'https://pl\u0430tform.example/'],
    ['wide letters', 'https://\uff50latform.example/'],
    ['a wide dot', 'https://platform\u3002example/'],
    ['a wide slash', 'https://evil.example\uff0fplatform.example/'],
    ['an invisible letter', 'https://plat\u200bform.example/'],
    ['a line break', 'https://platform.example/\r\nset-cookie: a=b'],
    ['a tab in the scheme', 'ht\ttps://platform.example/'],
    ['a tab in the host', 'https://platform\t.example/'],
    ['a space before', ' https://platform.example/'],
    ['a zero', 'https://platform.example/\u0000'],
    ['a script', 'javascript:alert(1)'],
    ['a script that looks like an address', 'javascript://platform.example/%0aalert(1)'],
    ['data', 'data:text/html,hello'],
    ['a file', 'file://platform.example/x'],
    ['a blob', 'blob:https://platform.example/1'],
    ['the origin of nothing', 'null'],
  ])('is refused: %s', (_, address) => {
    expect(readReturnAddress(address, ALLOWED)).toBeNull();
  });

  it('is refused if no origin is allowed', () => {
    expect(readReturnAddress('https://platform.example/', [])).toBeNull();
  });
});

describe('the result', () => {
  it.each([
    ['https://a.example/', 'https://a.example/?discordLink=LINKED'],
    ['https://a.example/?', 'https://a.example/?discordLink=LINKED'],
    ['https://a.example/?flag&b=%20+c', 'https://a.example/?flag&b=%20+c&discordLink=LINKED'],
    ['https://a.example/?b=1#c?d', 'https://a.example/?b=1&discordLink=LINKED#c?d'],
    ['https://a.example/?discordLink=BANNED&b', 'https://a.example/?b&discordLink=LINKED'],
    ['https://a.example/?discordLink', 'https://a.example/?discordLink=LINKED'],
  ])('is added to the return address %s', (address, answered) => {
    expect(withAnswer(address, { discordLink: 'LINKED' })).toBe(answered);
  });
});

/**
 * Requests that are hardly HTTP, with the start of the expected response; '' means no response.
 * `KEY` is replaced by a valid key.
 */
export const RAW: readonly (readonly [string, string, RegExp])[] = [
  ['no HTTP', '\x16\x03\x01\x02\x00\x01', /^HTTP\/1\.1 400 /],
  ['a method that is none', 'HACK / HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['no host', 'GET /health/live HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['another version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400 /],
  [
    'a long header',
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 /,
  ],
  ['a bare line feed', 'GET / HTTP/1.1\nHost: a\nX: y\n\n', /^HTTP\/1\.1 400 /],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a space before a colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['two lengths', post('Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'), /^HTTP\/1\.1 400 /],
  [
    'a length and chunks',
    post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    /^HTTP\/1\.1 400 /,
  ],
  ['a negative length', post('Content-Length: -1\r\n\r\n'), /^HTTP\/1\.1 400 /],
  [
    'a huge length',
    post('Content-Length: 99999999999\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 413 /,
  ],
  [
    'a chunk that is none',
    post('Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n'),
    /^HTTP\/1\.1 400 /,
  ],
  [
    'chunks packed twice',
    post('Transfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n'),
    /^HTTP\/1\.1 4\d\d /,
  ],
];

function post(rest: string): string {
  return `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\n${rest}`;
}

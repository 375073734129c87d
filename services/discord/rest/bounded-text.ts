/** A page of 1,000 members who each hold 250 roles has about 6.5 MB. */
export const LIST_BYTES = 8 * 1024 * 1024;
/** A member with 250 roles has about 6 KB. */
export const SINGLE_BYTES = 64 * 1024;

/**
 * Null: the body is longer. Leaving the loop destroys the stream and its socket, so that the rest
 * is never received.
 */
export async function boundedText(
  body: AsyncIterable<unknown> | null,
  mostBytes: number,
): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the response body is not bytes');
    size += chunk.length;
    if (size > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function bytesInWords(bytes: number): string {
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib} KiB` : `${kib / 1024} MiB`;
}

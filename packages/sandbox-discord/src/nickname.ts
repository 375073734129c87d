export const MAX_NICK_LENGTH = 32;

/**
 * Stores a nickname as Discord does: trimmed, inner whitespace collapsed to one blank, zero-width
 * characters dropped. Empty (or null) means no nickname. The zero-width joiner stays, because emoji
 * families are made of it.
 */
export function normaliseNick(nick: string | null): string | null {
  if (nick === null) return null;
  const kept = nick
    .replaceAll(/[\u00AD\u200B\u200C\u200E\u200F\u2060\uFEFF]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return kept === '' ? null : kept;
}

import type { DocumentNode } from 'graphql';

interface Kept {
  readonly document: DocumentNode;
  readonly length: number;
}

/** A parsed document takes some forty times the memory of its text: at most about 20 MB in all. */
const MOST = { documents: 1_000, letters: 512 * 1024, each: 16 * 1024 };

/**
 * Documents that were parsed and found valid, so that what callers ask all day is read once: the
 * last used stay. Bounded by the text, not by the tree: comments leave no trace in a tree, and 2
 * MiB of them would be kept for any stranger.
 */
export function createDocumentCache() {
  const kept = new Map<string, Kept>();
  let letters = 0;
  const forget = (key: string) => {
    letters -= kept.get(key)?.length ?? 0;
    return kept.delete(key);
  };
  const keep = (key: string, value: Kept) => {
    forget(key);
    kept.set(key, value);
    letters += value.length;
  };
  return {
    async get(key: string): Promise<DocumentNode | undefined> {
      const found = kept.get(key);
      if (found !== undefined) keep(key, found);
      return found?.document;
    },
    async set(key: string, document: DocumentNode): Promise<void> {
      const length = document.loc?.source.body.length ?? MOST.each + 1;
      if (length > MOST.each) return;
      keep(key, { document, length });
      for (const oldest of kept.keys()) {
        if (kept.size <= MOST.documents && letters <= MOST.letters) break;
        forget(oldest);
      }
    },
    async delete(key: string): Promise<boolean> {
      return forget(key);
    },
  };
}

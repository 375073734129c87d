const AT_A_TIME = 20;
const MOST = 200;

/** The sweeps to read. Bounded: above a limit it means "all". */
export interface DueSweeps {
  add(ids: readonly string[]): void;
  addAll(): void;
  isEmpty(): boolean;
  /** True once after `addAll`. */
  takeAll(): boolean;
  /** The first few, which then are due no longer. */
  take(): readonly string[];
}

export function createDueSweeps(): DueSweeps {
  const due = new Set<string>();
  let areAllDue = false;
  return {
    add(ids) {
      for (const id of ids) due.add(id);
      if (due.size <= MOST) return;
      due.clear();
      areAllDue = true;
    },
    addAll: () => void (areAllDue = true),
    isEmpty: () => due.size === 0 && !areAllDue,
    takeAll() {
      const wereAllDue = areAllDue;
      areAllDue = false;
      return wereAllDue;
    },
    take() {
      const ids = [...due].slice(0, AT_A_TIME);
      for (const id of ids) due.delete(id);
      return ids;
    },
  };
}

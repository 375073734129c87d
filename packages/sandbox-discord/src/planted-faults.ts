type Plantable = {
  readonly times?: number | null | undefined;
  readonly probability?: number | undefined;
};

/** `left`: how often it still hits; null: until cleared. */
type Planted<Fault> = Fault & { readonly faultId: number; readonly left: number | null };

/** A list of planted faults. REST and the gateway have one each. */
export function createPlantedFaults<Fault extends Plantable>(
  random: () => number,
  onChange: () => void,
) {
  const planted = new Map<number, Planted<Fault>>();
  let lastId = 0;

  return {
    plant: (fault: Fault): number => {
      lastId += 1;
      const left = fault.times === undefined ? 1 : fault.times;
      planted.set(lastId, { ...fault, faultId: lastId, left });
      onChange();
      return lastId;
    },
    remove: (faultId: number): void => {
      planted.delete(faultId);
      onChange();
    },
    clear: (): void => {
      planted.clear();
      onChange();
    },
    /** In the order of planting. */
    list: (): readonly Planted<Fault>[] => [...planted.values()],
    /** False: by chance it does not hit. Otherwise counts the hit, and the last one removes it. */
    hits: (fault: Planted<Fault>): boolean => {
      const { faultId, left, probability = 1 } = fault;
      if (probability < 1 && random() >= probability) return false;
      if (left === null) return true;
      if (left > 1) planted.set(faultId, { ...fault, left: left - 1 });
      else planted.delete(faultId);
      onChange();
      return true;
    },
  };
}

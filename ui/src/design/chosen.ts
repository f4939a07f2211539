/** Rows of a list that people have ticked. */
import { useMemo, useState } from "react";

export interface Chosen {
  /** Those that are ticked and still in the list. */
  ids: readonly string[];
  has: (id: string) => boolean;
  toggle: (id: string) => void;
  /** Ticks all, or none where all are ticked. */
  all: () => void;
  clear: () => void;
  isAll: boolean;
  isSome: boolean;
}

export function useChosen(listed: readonly string[]): Chosen {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  return useMemo(() => {
    const ids = listed.filter((id) => ticked.has(id));
    const isAll = ids.length > 0 && ids.length === listed.length;
    return {
      ids,
      has: (id) => ticked.has(id),
      toggle: (id) =>
        setTicked((old) => {
          const next = new Set(old);
          if (!next.delete(id)) next.add(id);
          return next;
        }),
      all: () => setTicked(new Set(isAll ? [] : listed)),
      clear: () => setTicked(new Set()),
      isAll,
      isSome: ids.length > 0 && !isAll,
    };
  }, [listed, ticked]);
}

/** Which groups of a DAG are folded; the grid and the graphs agree on it. */
import { useEffect, useMemo } from "react";
import { useNames } from "../design/choices";
import { useGraphView } from "../graph/view";
import type { Node } from "./grid.model";

/** From so many tasks on, groups are folded until somebody unfolds them. */
export const MANY_TASKS = 200;

/** `[ids of folded groups, fold or unfold one, fold or unfold all]`. */
export function useFolded(
  dagId: string,
  nodes: readonly Node[],
): readonly [ReadonlySet<string>, (id: string) => void, (isFolded: boolean) => void] {
  const [{ fold }, change] = useGraphView();
  const [remembered, , remember] = useNames(`slipstream.folded.${dagId}`);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was chosen before counts once
  useEffect(() => {
    if (fold === undefined && remembered.size > 0) change({ fold: [...remembered] });
  }, [fold, remembered]);
  const changed = useMemo(() => new Set(fold ?? remembered), [fold, remembered]);
  const groups = useMemo(() => nodes.filter((one) => one.is_group).map((one) => one.id), [nodes]);
  const byDefault = nodes.length - groups.length > MANY_TASKS;
  const folded = useMemo(
    () => new Set(groups.filter((id) => changed.has(id) !== byDefault)),
    [groups, changed, byDefault],
  );
  const set = (next: string[]) => {
    remember(next);
    change({ fold: next.length > 0 ? next : undefined });
  };
  const toggle = (id: string) =>
    set(changed.has(id) ? [...changed].filter((one) => one !== id) : [...changed, id]);
  return [folded, toggle, (isFolded) => set(isFolded === byDefault ? [] : groups)];
}

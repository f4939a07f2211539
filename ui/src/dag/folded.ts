/** Which groups of a DAG are folded; the grid and the graphs agree on it. */
import { useMemo } from "react";
import { useNames } from "../design/choices";
import type { Node } from "./grid.model";

/** From so many tasks on, groups are folded until somebody unfolds them. */
export const MANY_TASKS = 200;

/** `[ids of folded groups, fold or unfold one, fold or unfold all]`. */
export function useFolded(
  dagId: string,
  nodes: readonly Node[],
): readonly [ReadonlySet<string>, (id: string) => void, (isFolded: boolean) => void] {
  const [changed, toggle, set] = useNames(`slipstream.folded.${dagId}`);
  const groups = useMemo(() => nodes.filter((one) => one.is_group).map((one) => one.id), [nodes]);
  const byDefault = nodes.length - groups.length > MANY_TASKS;
  const folded = useMemo(
    () => new Set(groups.filter((id) => changed.has(id) !== byDefault)),
    [groups, changed, byDefault],
  );
  return [folded, toggle, (isFolded) => set(isFolded === byDefault ? [] : groups)];
}

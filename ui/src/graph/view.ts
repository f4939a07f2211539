/** How a graph is looked at: a part of its screen's address. What a person chose last for this browser
 * fills in what the address does not say, and then stands in it. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useNames } from "../design/choices";

export interface GraphSearch {
  direction?: "down";
  /** Whether the assets of the DAG are drawn; they are unless told otherwise. */
  assets?: boolean;
  /** Whether the critical path of the run stands out. */
  path?: boolean;
  /** The groups that are not as they are by themselves: folded, or unfolded in a large DAG. */
  fold?: string[];
}

/** The part of an address that is about its graph. */
export function graphSearch(search: Record<string, unknown>): GraphSearch {
  const flag = (value: unknown) => (typeof value === "boolean" ? value : undefined);
  return {
    direction: search.direction === "down" ? "down" : undefined,
    assets: flag(search.assets),
    path: flag(search.path),
    fold: Array.isArray(search.fold) ? search.fold.map(String) : undefined,
  };
}

/** `[what the address says, change a part of it]`. */
export function useGraphView(): readonly [GraphSearch, (part: GraphSearch) => void] {
  const view = useSearch({ strict: false }) as GraphSearch;
  const navigate = useNavigate();
  const change = (part: GraphSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...part }), replace: true });
  return [view, change];
}

/** Whether assets are drawn, and how to change that. */
export function useShowsAssets(): readonly [boolean, (shows: boolean) => void] {
  const [{ assets }, change] = useGraphView();
  const [hidden, , remember] = useNames("slipstream.hidden");
  const isHidden = hidden.has("assets");
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was chosen before counts once
  useEffect(() => {
    if (assets === undefined && isHidden) change({ assets: false });
  }, [assets, isHidden]);
  const set = (shows: boolean) => {
    remember(shows ? [] : ["assets"]);
    change({ assets: shows ? undefined : false });
  };
  return [assets ?? !isHidden, set];
}

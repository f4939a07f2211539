/** The addresses of runs and their tasks, for the very many links that a router's own would slow. */
import { defaultStringifySearch } from "@tanstack/react-router";
import { BASE } from "../api/client";
import type { Node } from "./grid.model";

/** The address of a run's screen. */
export function addressOfRun(dagId: string, runId: string): string {
  return `${BASE}/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`;
}

/** The address of what a square of the grid stands for. */
export function addressOfCell(dagId: string, runId: string, node: Node, isMapped: boolean): string {
  const run = addressOfRun(dagId, runId);
  if (node.is_group) return run + defaultStringifySearch({ find: node.id });
  return `${run}/tasks/${encodeURIComponent(node.id)}${isMapped ? "?tab=mapped" : ""}`;
}

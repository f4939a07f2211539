/** The grid of a DAG: its tasks and groups as rows, its runs as columns. */
import type { Schemas } from "../api/client";

export type Node = Schemas["NodePayload"];
export type Column = Schemas["ColumnPayload"];
export type Cell = Schemas["CellPayload"];

export interface Row {
  node: Node;
  depth: number;
  hasChildren: boolean;
  isFolded: boolean;
}

/** How many runs the grid shows where the address does not say. */
export const RUNS_SHOWN = 25;
/** So many cells are asked for first; the older runs of a large DAG come after the newest ones. */
export const FIRST_CELLS = 3000;
/** So many cells are shown at most; of a DAG of very many tasks, as many runs as that makes. */
export const MOST_CELLS = 100_000;

/** What a group shows is the first of these that one of its tasks is in. */
const WORST: readonly string[] = [
  "failed",
  "upstream_failed",
  "up_for_retry",
  "awaiting_input",
  "running",
  "restarting",
  "deferred",
  "up_for_reschedule",
  "queued",
  "scheduled",
  "none",
  "skipped",
  "success",
  "removed",
];

/** What a square shows. */
export type Found = Pick<Cell, "states" | "is_mapped">;

const NOTHING: Found = { states: {} };

/** The cells of one run by their tasks, and what its groups come to as far as that was asked. */
export interface Cells {
  ofTask: ReadonlyMap<string, Cell>;
  ofGroup: Map<string, Found>;
}

export const EMPTY_CELLS: Cells = { ofTask: new Map(), ofGroup: new Map() };

const made = new WeakMap<readonly Cell[], Cells>();

/** The column's cells: made anew only where something in that column has changed. */
export function cellsOf(column: Column): Cells {
  let cells = made.get(column.cells);
  if (!cells) {
    const ofTask = new Map(column.cells.map((cell) => [cell.task_id, cell]));
    cells = { ofTask, ofGroup: new Map() };
    made.set(column.cells, cells);
  }
  return cells;
}

/** What the square of that node shows, the same object as long as it is the same; `tasks` are those in
 * a group. */
export function foundIn(cells: Cells, node: Node, tasks: readonly string[] | undefined): Found {
  if (!node.is_group) return cells.ofTask.get(node.id) ?? NOTHING;
  let found = cells.ofGroup.get(node.id);
  if (!found) {
    found = { states: summed((tasks ?? []).map((id) => cells.ofTask.get(id))) };
    cells.ofGroup.set(node.id, found);
  }
  return found;
}

/** The state that stands for several. */
export function worstOf(states: Readonly<Record<string, number>>): string | null {
  return WORST.find((state) => (states[state] ?? 0) > 0) ?? null;
}

/** The rows that are seen: nothing of what lies in a folded group. With `find`, the tasks that have
 * the text in their id, and the groups around them. */
export function rowsOf(nodes: readonly Node[], folded: ReadonlySet<string>, find = ""): Row[] {
  const parents = new Map(nodes.map((node) => [node.id, node.parent_id]));
  const wanted = find.toLowerCase();
  const kept = new Set<string>();
  for (const node of nodes) {
    if (node.is_group || !node.id.toLowerCase().includes(wanted)) continue;
    for (let id: string | null | undefined = node.id; id; id = parents.get(id)) kept.add(id);
  }
  const depths = new Map<string, number>();
  const hidden = new Set<string>();
  const rows: Row[] = [];
  for (const node of nodes) {
    const parent = node.parent_id;
    const depth = parent ? (depths.get(parent) ?? 0) + 1 : 0;
    depths.set(node.id, depth);
    const isFolded = node.is_group === true && folded.has(node.id) && !wanted;
    const isHidden = parent != null && hidden.has(parent);
    if (isHidden || isFolded) hidden.add(node.id);
    if (isHidden || !kept.has(node.id)) continue;
    rows.push({ node, depth, hasChildren: node.is_group === true, isFolded });
  }
  return rows;
}

/** `{group id: ids of all tasks in it, however deep}`. */
export function tasksOfGroups(nodes: readonly Node[]): Map<string, string[]> {
  const parents = new Map(nodes.map((node) => [node.id, node.parent_id]));
  const found = new Map<string, string[]>();
  for (const node of nodes) {
    if (node.is_group) continue;
    for (let id = node.parent_id; id; id = parents.get(id) ?? null) {
      const tasks = found.get(id);
      if (tasks) tasks.push(node.id);
      else found.set(id, [node.id]);
    }
  }
  return found;
}

/** How many instances of these cells are in which state. */
export function summed(cells: readonly (Cell | undefined)[]): Record<string, number> {
  const states: Record<string, number> = {};
  for (const cell of cells) {
    for (const [state, count] of Object.entries(cell?.states ?? {})) {
      states[state] = (states[state] ?? 0) + count;
    }
  }
  return states;
}

/** "12 success, 1 failed". */
export function countsText(
  states: Readonly<Record<string, number>>,
  label: (state: string) => string,
): string {
  const parts = Object.entries(states);
  const total = parts.reduce((sum, [, count]) => sum + count, 0);
  if (parts.length === 1 && total === 1) return label(parts[0]?.[0] ?? "none");
  return parts.map(([state, count]) => `${count} ${label(state).toLowerCase()}`).join(", ");
}

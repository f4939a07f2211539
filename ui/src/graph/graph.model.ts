/** What of a DAG's graph is drawn: folded groups stand for all that is in them. */
import type { Schemas } from "../api/client";
import { summed, tasksOfGroups } from "../dag/grid.model";

type Node = Schemas["NodePayload"];
type Edge = Schemas["EdgePayload"];
type Cell = Schemas["CellPayload"];

export interface Drawn {
  id: string;
  node: Node;
  parent: string | null;
  /** A group that is drawn as a box around what is in it. */
  isOpen: boolean;
  /** `{state: instances}`; null where no run is looked at. */
  states: Record<string, number> | null;
}

export interface Line {
  id: string;
  source: string;
  target: string;
  label: string | null;
}

export interface Drawing {
  nodes: Drawn[];
  lines: Line[];
}

/** The nodes and lines that are seen, parents before what is in them. */
export function drawingOf(
  nodes: readonly Node[],
  edges: readonly Edge[],
  folded: ReadonlySet<string>,
  cells: ReadonlyMap<string, Cell> | null,
): Drawing {
  const groups = tasksOfGroups(nodes);
  const standsFor = new Map<string, string>();
  const drawn: Drawn[] = [];
  for (const node of nodes) {
    const parent = node.parent_id ?? null;
    const inside = parent === null ? undefined : standsFor.get(parent);
    const isHidden = inside !== undefined && (inside !== parent || folded.has(inside));
    standsFor.set(node.id, isHidden ? (inside ?? node.id) : node.id);
    if (isHidden) continue;
    const tasks = node.is_group ? (groups.get(node.id) ?? []) : [node.id];
    drawn.push({
      id: node.id,
      node,
      parent,
      isOpen: node.is_group === true && !folded.has(node.id) && tasks.length > 0,
      states: cells && summed(tasks.map((id) => cells.get(id))),
    });
  }
  const lines = new Map<string, Line>();
  for (const edge of edges) {
    const source = standsFor.get(edge.source) ?? edge.source;
    const target = standsFor.get(edge.target) ?? edge.target;
    if (source === target) continue;
    const id = `${source}→${target}`;
    const label = edge.label ?? lines.get(id)?.label ?? null;
    lines.set(id, { id, source, target, label });
  }
  return { nodes: drawn, lines: [...lines.values()] };
}

export interface Span {
  start: number;
  end: number;
}

/** The tasks of the chain that the run had to wait for: from the one that ended last, back over the
 * upstream that ended last each time. Milliseconds. */
export function criticalPath(
  edges: readonly Edge[],
  spans: ReadonlyMap<string, Span>,
): Set<string> {
  const upstream = new Map<string, string[]>();
  for (const { source, target } of edges) {
    const before = upstream.get(target);
    if (before) before.push(source);
    else upstream.set(target, [source]);
  }
  const last = (ids: Iterable<string>): string | undefined => {
    let found: string | undefined;
    for (const id of ids) {
      const end = spans.get(id)?.end;
      if (end !== undefined && (found === undefined || end > (spans.get(found)?.end ?? 0))) {
        found = id;
      }
    }
    return found;
  };
  const path = new Set<string>();
  for (let at = last(spans.keys()); at !== undefined; at = last(upstream.get(at) ?? [])) {
    if (path.has(at)) break;
    path.add(at);
  }
  return path;
}

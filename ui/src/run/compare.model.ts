/** Two runs of a DAG side by side. */
import type { Schemas } from "../api/client";
import { worstOf } from "../dag/grid.model";

type Cell = Schemas["CellPayload"];

export interface TaskPair {
  taskId: string;
  /** None where the task is not part of that run. */
  states: readonly [string | null, string | null];
  /** Milliseconds from the first start to the last end; null where it did not run to an end. */
  took: readonly [number | null, number | null];
  /** By how much the first run took longer. */
  difference: number | null;
  isAlike: boolean;
}

/** How long a task took, with all of its mapped instances. */
export function tookOf(cell: Cell | undefined): number | null {
  if (!cell?.start_date || !cell.end_date) return null;
  return Date.parse(cell.end_date) - Date.parse(cell.start_date);
}

/** Every task of the two runs; those that ended otherwise first, then those whose time differs most. */
export function pairsOf(mine: readonly Cell[], other: readonly Cell[]): TaskPair[] {
  const left = new Map(mine.map((cell) => [cell.task_id, cell]));
  const right = new Map(other.map((cell) => [cell.task_id, cell]));
  const pairs = [...new Set([...left.keys(), ...right.keys()])].map((taskId): TaskPair => {
    const [a, b] = [left.get(taskId), right.get(taskId)];
    const states = [a ? worstOf(a.states) : null, b ? worstOf(b.states) : null] as const;
    const took = [tookOf(a), tookOf(b)] as const;
    const difference = took[0] === null || took[1] === null ? null : took[0] - took[1];
    return { taskId, states, took, difference, isAlike: states[0] === states[1] };
  });
  const size = (pair: TaskPair) => Math.abs(pair.difference ?? 0);
  return pairs.sort((a, b) => Number(a.isAlike) - Number(b.isAlike) || size(b) - size(a));
}

export interface ParamPair {
  name: string;
  values: readonly [unknown, unknown];
  isAlike: boolean;
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** Objects with the same content are the same, in whatever order it was written. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  const entries = Object.entries(value).sort(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

/** What both were started with. */
export function paramsOf(
  mine: Record<string, unknown> | null,
  other: Record<string, unknown> | null,
): ParamPair[] {
  return [...new Set([...Object.keys(mine ?? {}), ...Object.keys(other ?? {})])]
    .sort()
    .map((name) => {
      const values = [mine?.[name], other?.[name]] as const;
      return { name, values, isAlike: isSame(...values) };
    });
}

export interface XComPlace {
  task_id: string;
  map_index: number;
  key: string;
}

export interface XComPair {
  place: XComPlace;
  /** Which of the two runs have pushed it. */
  isIn: readonly [boolean, boolean];
}

/** What both runs have pushed, or one of them alone. */
export function xcomsOf(mine: readonly XComPlace[], other: readonly XComPlace[]): XComPair[] {
  const name = ({ task_id, map_index, key }: XComPlace) =>
    JSON.stringify([task_id, map_index, key]);
  const left = new Map(mine.map((one) => [name(one), one]));
  const right = new Map(other.map((one) => [name(one), one]));
  return [...new Map([...left, ...right])].map(([id, { task_id, map_index, key }]) => ({
    place: { task_id, map_index, key },
    isIn: [left.has(id), right.has(id)],
  }));
}

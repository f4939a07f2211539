/** Putting news from the live stream into what was asked for earlier. */
import type { Schemas } from "./client";

export interface InstanceNews {
  task_id: string;
  map_index: number;
  state: string;
  try_number: number;
  queued_at?: string;
  start_date?: string;
  end_date?: string;
}

export interface RunNews {
  dag_id: string;
  run_id: string;
  state: string;
  run_type: string;
  run_after: string;
  queued_at: string | null;
  start_date: string | null;
  end_date: string | null;
  task_ids: string[];
  instances: InstanceNews[] | null;
}

export type Column = Schemas["ColumnPayload"];
export type RunBar = Schemas["RunBar"];

export function barOf(news: RunNews): RunBar {
  const { run_id, state, run_type, run_after, queued_at, start_date, end_date } = news;
  return { run_id, state, run_type, run_after, queued_at, start_date, end_date };
}

/** The column after the news, and whether some of it has to be asked for: of maps only sums are
 * shown, and news of one instance does not tell what it was before. */
export function withNews(column: Column, news: RunNews): { column: Column; isWhole: boolean } {
  const run = barOf(news);
  if (news.instances === null) return { column: { ...column, run }, isWhole: false };
  const cells = new Map(column.cells.map((cell) => [cell.task_id, cell]));
  let isWhole = true;
  for (const instance of news.instances) {
    if (instance.map_index >= 0 || cells.get(instance.task_id)?.is_mapped) {
      isWhole = false;
      continue;
    }
    cells.set(instance.task_id, {
      task_id: instance.task_id,
      states: { [instance.state]: 1 },
      is_mapped: false,
      try_number: instance.try_number,
      queued_at: instance.queued_at ?? null,
      start_date: instance.start_date ?? null,
      end_date: instance.end_date ?? null,
    });
  }
  return { column: { ...column, run, cells: [...cells.values()] }, isWhole };
}

/** The bars with that run's new one: in its place, or as the newest. */
export function withBar(bars: readonly RunBar[], bar: RunBar, most: number): RunBar[] {
  const at = bars.findIndex((one) => one.run_id === bar.run_id);
  if (at >= 0) return bars.map((one, index) => (index === at ? bar : one));
  const next = [bar, ...bars].sort((a, b) => Date.parse(b.run_after) - Date.parse(a.run_after));
  return next.slice(0, most);
}

/** The columns with that one: in its place, or among the others by when it was due. The oldest one
 * goes where a run is new. */
export function withColumn(columns: readonly Column[], column: Column): Column[] {
  const at = columns.findIndex((one) => one.run.run_id === column.run.run_id);
  if (at >= 0) return columns.with(at, column);
  const next = [...columns, column].sort(
    (a, b) => Date.parse(b.run.run_after) - Date.parse(a.run.run_after),
  );
  return next.slice(0, Math.max(columns.length, LEAST_COLUMNS));
}

/** A grid of fewer runs than this grows. */
const LEAST_COLUMNS = 25;

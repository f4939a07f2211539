/** What the last runs of a DAG come to: how long they took, what fails, and where the time goes. */
import type { Column } from "./grid.model";

export interface TaskFigures {
  taskId: string;
  runs: number;
  failures: number;
  /** Of those that have ended, in milliseconds; null where none has. */
  median: number | null;
  longest: number | null;
  /** The share of all tasks' time, from 0 to 1. */
  share: number;
  /** What it came to in each of the runs, the oldest first; null where it was not there. */
  heat: (Heat | null)[];
}

export interface Heat {
  runId: string;
  /** Milliseconds; null where it has not ended. */
  span: number | null;
  hasFailed: boolean;
}

const FAILED = ["failed", "upstream_failed"];

function middle(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null;
  const at = sorted.length >> 1;
  const upper = sorted[at] ?? 0;
  return sorted.length % 2 ? upper : ((sorted[at - 1] ?? 0) + upper) / 2;
}

/** The figures of every task in these runs, the one that takes most of the time first. */
export function figuresOf(columns: readonly Column[]): TaskFigures[] {
  const spans = new Map<string, number[]>();
  const runs = new Map<string, number>();
  const failures = new Map<string, number>();
  const heat = new Map<string, (Heat | null)[]>();
  const ordered = [...columns].sort(
    (a, b) => Date.parse(a.run.run_after) - Date.parse(b.run.run_after),
  );
  for (const [at, { run, cells }] of ordered.entries()) {
    for (const cell of cells) {
      const row = heat.get(cell.task_id) ?? new Array<Heat | null>(ordered.length).fill(null);
      heat.set(cell.task_id, row);
      row[at] = {
        runId: run.run_id,
        span:
          cell.start_date && cell.end_date
            ? Date.parse(cell.end_date) - Date.parse(cell.start_date)
            : null,
        hasFailed: FAILED.some((state) => (cell.states[state] ?? 0) > 0),
      };
      runs.set(cell.task_id, (runs.get(cell.task_id) ?? 0) + 1);
      if (FAILED.some((state) => cell.states[state])) {
        failures.set(cell.task_id, (failures.get(cell.task_id) ?? 0) + 1);
      }
      if (cell.start_date && cell.end_date) {
        const span = Date.parse(cell.end_date) - Date.parse(cell.start_date);
        const of = spans.get(cell.task_id);
        if (of) of.push(span);
        else spans.set(cell.task_id, [span]);
      }
    }
  }
  const sums = [...spans].map(([id, all]) => [id, all.reduce((a, b) => a + b, 0)] as const);
  const whole = Math.max(
    1,
    sums.reduce((total, [, sum]) => total + sum, 0),
  );
  const shares = new Map(sums.map(([id, sum]) => [id, sum / whole]));
  return [...runs.keys()]
    .map((taskId) => {
      const sorted = [...(spans.get(taskId) ?? [])].sort((a, b) => a - b);
      return {
        taskId,
        runs: runs.get(taskId) ?? 0,
        failures: failures.get(taskId) ?? 0,
        median: middle(sorted),
        longest: sorted.at(-1) ?? null,
        share: shares.get(taskId) ?? 0,
        heat: heat.get(taskId) ?? [],
      };
    })
    .sort((a, b) => b.share - a.share || b.failures - a.failures);
}

export interface Series {
  /** When the runs were due, in seconds since 1970, the oldest first. */
  due: number[];
  /** Seconds. */
  waited: (number | null)[];
  ran: (number | null)[];
}

/** How long the runs waited to begin, and how long they ran. */
export function seriesOf(columns: readonly Column[]): Series {
  const series: Series = { due: [], waited: [], ran: [] };
  const runs = columns
    .map(({ run }) => run)
    .sort((a, b) => Date.parse(a.run_after) - Date.parse(b.run_after));
  for (const run of runs) {
    const start = run.start_date ? Date.parse(run.start_date) : null;
    const end = run.end_date ? Date.parse(run.end_date) : null;
    const queued = run.queued_at ? Date.parse(run.queued_at) : null;
    series.due.push(Date.parse(run.run_after) / 1000);
    series.waited.push(
      start !== null && queued !== null ? Math.max(0, start - queued) / 1000 : null,
    );
    series.ran.push(start !== null && end !== null ? (end - start) / 1000 : null);
  }
  return series;
}

/** The weeks from the first to the last day, each of seven dates from Monday on. */
export function weeksOf(first: string, last: string): string[][] {
  const day = (date: Date) => date.toISOString().slice(0, 10);
  const at = new Date(`${first}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7));
  const weeks: string[][] = [];
  while (day(at) <= last) {
    const week: string[] = [];
    for (let index = 0; index < 7; index++) {
      week.push(day(at));
      at.setUTCDate(at.getUTCDate() + 1);
    }
    weeks.push(week);
  }
  return weeks;
}

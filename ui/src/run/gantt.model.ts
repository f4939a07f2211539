/** When the tasks of a run waited and ran, with stretches in which nothing happened left out. */
import type { Schemas } from "../api/client";

type Cell = Schemas["CellPayload"];

/** A try that came before the latest one. */
export interface Earlier {
  state: string;
  start: number;
  end: number;
}

export interface Bar {
  taskId: string;
  state: string;
  queued: number | null;
  start: number | null;
  end: number;
  earlier: readonly Earlier[];
}

export interface Gap {
  from: number;
  to: number;
}

/** A gap is left out where it is longer than a twentieth of the whole, and than ten seconds. */
const LEAST_GAP_MS = 10_000;
const LEAST_SHARE = 0.05;

/** The bars of what has begun at least to wait, the earliest first. Milliseconds. */
export function barsOf(
  cells: readonly Cell[],
  now: number,
  stateOf: (cell: Cell) => string,
  earlier: ReadonlyMap<string, readonly Earlier[]> = new Map(),
): Bar[] {
  return cells
    .flatMap((cell): Bar[] => {
      const queued = cell.queued_at ? Date.parse(cell.queued_at) : null;
      const start = cell.start_date ? Date.parse(cell.start_date) : null;
      if (queued === null && start === null) return [];
      const end = cell.end_date ? Date.parse(cell.end_date) : now;
      const before = earlier.get(cell.task_id) ?? [];
      return [{ taskId: cell.task_id, state: stateOf(cell), queued, start, end, earlier: before }];
    })
    .sort((a, b) => first(a) - first(b));
}

/** When a bar begins, with its earlier tries. */
export function first(bar: Bar): number {
  return Math.min(beginOf(bar), ...bar.earlier.map((one) => one.start));
}

/** When the latest try began to wait. */
function beginOf({ queued, start }: Bar): number {
  return Math.min(queued ?? Number.POSITIVE_INFINITY, start ?? Number.POSITIVE_INFINITY);
}

/** The tries before the latest that ran; the latest stands in the grid. */
export function earlierOf(
  tries: readonly {
    try_number: number;
    state: string | null;
    start_date: string | null;
    end_date: string | null;
  }[],
): Earlier[] {
  const latest = Math.max(0, ...tries.map((one) => one.try_number));
  return tries.flatMap((one): Earlier[] => {
    if (one.try_number === latest || !one.start_date || !one.end_date) return [];
    const [start, end] = [Date.parse(one.start_date), Date.parse(one.end_date)];
    return [{ state: one.state ?? "none", start, end }];
  });
}

/** The stretches in which nothing waited in a queue and nothing ran. */
export function gapsOf(bars: readonly Bar[]): Gap[] {
  if (bars.length === 0) return [];
  const begin = Math.min(...bars.map(first));
  const end = Math.max(...bars.map((bar) => bar.end));
  const least = Math.max(LEAST_GAP_MS, (end - begin) * LEAST_SHARE);
  const gaps: Gap[] = [];
  let until = begin;
  const spans = bars.flatMap((bar) => [{ start: beginOf(bar), end: bar.end }, ...bar.earlier]);
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    if (span.start - until > least) gaps.push({ from: until, to: span.start });
    until = Math.max(until, span.end);
  }
  return gaps;
}

/** How much time is shown up to a moment, the gaps left out; milliseconds. */
function shownUntil(begin: number, gaps: readonly Gap[], moment: number): number {
  return gaps.reduce(
    (at, gap) => at - Math.max(0, Math.min(moment, gap.to) - gap.from),
    moment - begin,
  );
}

/** The moments at even places along the axis, from its begin to its end, the gaps left out. */
export function marksOf(bars: readonly Bar[], gaps: readonly Gap[], count: number): number[] {
  const begin = Math.min(...bars.map(first));
  const end = Math.max(...bars.map((bar) => bar.end));
  const whole = shownUntil(begin, gaps, end);
  return Array.from({ length: count + 1 }, (_, at) => {
    let moment = begin + (whole * at) / count;
    for (const gap of gaps) if (moment > gap.from) moment += gap.to - gap.from;
    return moment;
  });
}

/** Where a moment stands, from 0 to 1, when the gaps are left out. */
export function scaleOf(bars: readonly Bar[], gaps: readonly Gap[]): (moment: number) => number {
  const begin = Math.min(...bars.map(first));
  const end = Math.max(...bars.map((bar) => bar.end));
  const whole = Math.max(1, shownUntil(begin, gaps, end));
  return (moment) => shownUntil(begin, gaps, moment) / whole;
}

import { expect, test } from "vitest";
import type { Column } from "./grid.model";
import { figuresOf, seriesOf, weeksOf } from "./overview.model";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const cell = (task: string, state: string, from: number, to: number) => ({
  task_id: task,
  states: { [state]: 1 },
  is_mapped: false,
  try_number: 1,
  queued_at: null,
  start_date: at(from),
  end_date: at(to),
});
const column = (due: number, cells: Column["cells"], state = "success"): Column => ({
  version_number: 1,
  cells,
  run: {
    run_id: String(due),
    state,
    run_type: "scheduled",
    run_after: at(due),
    queued_at: at(due),
    start_date: at(due + 1),
    end_date: at(due + 5),
  },
});

test("tasks stand by the time that they take, with their median and failures", () => {
  const [slow, quick] = figuresOf([
    column(0, [cell("quick", "success", 0, 1), cell("slow", "success", 0, 2)]),
    column(10, [cell("quick", "failed", 0, 1), cell("slow", "success", 0, 4)]),
  ]);
  expect(slow).toMatchObject({ taskId: "slow", median: 3000, longest: 4000, share: 0.75 });
  expect(quick).toMatchObject({ taskId: "quick", runs: 2, failures: 1 });
});

test("a task that has never ended has no median", () => {
  const open = { ...cell("t", "running", 0, 1), end_date: null };
  expect(figuresOf([column(0, [open])])[0]).toMatchObject({ median: null, share: 0 });
});

test("runs are drawn from the oldest on", () => {
  expect(seriesOf([column(100, []), column(0, [])])).toEqual({
    due: [0, 100],
    waited: [1, 1],
    ran: [4, 4],
  });
});

test("the heat of a task has a place for every run, the oldest first", () => {
  const runs = [
    column(200, [cell("a", "failed", 0, 5)]),
    column(100, []),
    column(50, [cell("a", "success", 0, 2)]),
  ];
  const [task] = figuresOf(runs);
  expect(task?.heat.map((one) => one && [one.span, one.hasFailed])).toEqual([
    [2000, false],
    null,
    [5000, true],
  ]);
});

test("weeks begin on Monday and hold the last day", () => {
  const weeks = weeksOf("2026-11-18", "2026-11-23");
  expect(weeks.map((week) => week[0])).toEqual(["2026-11-16", "2026-11-23"]);
});

import { expect, test } from "vitest";
import { type Bar, barsOf, earlierOf, first, gapsOf, marksOf, scaleOf } from "./gantt.model";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const cell = (task: string, queued: number | null, start: number | null, end: number | null) => ({
  task_id: task,
  states: { success: 1 },
  is_mapped: false,
  try_number: 1,
  queued_at: queued === null ? null : at(queued),
  start_date: start === null ? null : at(start),
  end_date: end === null ? null : at(end),
});

const bars = (cells: ReturnType<typeof cell>[], now = 0) =>
  barsOf(cells, now * 1000, () => "success");

test("bars begin where their tasks began to wait, the earliest first", () => {
  const found = bars([cell("b", 5, 6, 7), cell("a", 0, 1, 2), cell("never", null, null, null)]);
  expect(found.map((bar) => bar.taskId)).toEqual(["a", "b"]);
});

test("a task that has not ended goes on until now", () => {
  expect(bars([cell("a", 0, 1, null)], 60)[0]?.end).toBe(60_000);
});

test("a long stretch without work is a gap, a short one is not", () => {
  const found = bars([cell("a", 0, 0, 10), cell("b", 15, 15, 20), cell("c", 1000, 1000, 1010)]);
  expect(gapsOf(found)).toEqual([{ from: 20_000, to: 1_000_000 }]);
});

test("without the gaps the rest has all of the width", () => {
  const found = bars([cell("a", 0, 0, 10), cell("b", 1000, 1000, 1010)]);
  const scale = scaleOf(found, gapsOf(found));
  expect(scale(0)).toBe(0);
  expect(scale(10_000)).toBe(0.5);
  expect(scale(1_000_000)).toBe(0.5);
  expect(scale(1_010_000)).toBe(1);
});

test("with them it keeps its proportions", () => {
  const found = bars([cell("a", 0, 0, 10), cell("b", 90, 90, 100)]);
  expect(scaleOf(found, [])(10_000)).toBeCloseTo(0.1);
});

test("the marks of the axis leave the gaps out", () => {
  const bar = (start: number, end: number) => ({
    taskId: "a",
    state: "success",
    queued: null,
    start,
    end,
    earlier: [],
  });
  const bars = [bar(0, 100), bar(1000, 1100)];
  expect(marksOf(bars, [], 2)).toEqual([0, 550, 1100]);
  expect(marksOf(bars, [{ from: 100, to: 1000 }], 4)).toEqual([0, 50, 100, 1050, 1100]);
});

test("earlier tries belong to the bar, and the time between tries may be a gap", () => {
  const tries = [
    { try_number: 1, state: "failed", start_date: at(0), end_date: at(10) },
    { try_number: 2, state: null, start_date: null, end_date: null },
    { try_number: 3, state: "success", start_date: at(1000), end_date: at(1010) },
  ];
  const earlier = earlierOf(tries);
  expect(earlier).toEqual([{ state: "failed", start: 0, end: 10_000 }]);
  const found = barsOf(
    [cell("a", 1000, 1000, 1010)],
    0,
    () => "success",
    new Map([["a", earlier]]),
  );
  expect(first(found[0] as Bar)).toBe(0);
  expect(gapsOf(found)).toEqual([{ from: 10_000, to: 1_000_000 }]);
});

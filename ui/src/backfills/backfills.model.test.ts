import { expect, test } from "vitest";
import { bodyOf, type Draft, doneOf, partsOf, type View } from "./backfills.model";

const DRAFT: Draft = {
  dagId: "sales",
  from: Date.UTC(2026, 0, 1),
  to: Date.UTC(2026, 0, 7),
  isBackwards: true,
  reprocess: "failed",
  most: 3,
  onLatest: true,
};

const view = (part: Partial<View>): View =>
  ({ total: 10, waiting: 0, runs: {}, skipped: {}, ...part }) as View;

test("a whole draft is what is sent", () => {
  expect(bodyOf(DRAFT, { rows: 1 })).toEqual({
    dag_id: "sales",
    from_date: "2026-01-01T00:00:00.000Z",
    to_date: "2026-01-07T00:00:00.000Z",
    run_backwards: true,
    reprocess_behavior: "failed",
    max_active_runs: 3,
    run_on_latest_version: true,
    dag_run_conf: { rows: 1 },
  });
});

test("nothing is sent of one that lacks something or ends before it begins", () => {
  expect(bodyOf({ ...DRAFT, dagId: null }, null)).toBeNull();
  expect(bodyOf({ ...DRAFT, from: null }, null)).toBeNull();
  expect(bodyOf({ ...DRAFT, to: Date.UTC(2025, 0, 1) }, null)).toBeNull();
  expect(bodyOf(DRAFT, {})?.dag_run_conf).toBeNull();
});

test("what has become of the dates comes with those that wait last", () => {
  const found = partsOf(
    view({
      waiting: 4,
      runs: { running: 2, success: 3 },
      skipped: { "already exists": 1 },
    }),
    (state) => state.toUpperCase(),
  );
  expect(found.map((part) => [part.label, part.share])).toEqual([
    ["success", 30],
    ["running", 20],
    ["left out: already exists", 10],
    ["waiting", 40],
  ]);
});

test("it is done as far as nothing is left to do", () => {
  expect(doneOf(view({ waiting: 4, runs: { running: 2, success: 3, failed: 1 } }))).toBe(40);
  expect(doneOf(view({ total: 0 }))).toBe(0);
});

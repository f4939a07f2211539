import { describe, expect, test } from "vitest";
import { type Column, type RunNews, withBar, withColumn, withNews } from "./live.model";

const RUN = {
  run_id: "r",
  state: "running",
  run_type: "manual",
  run_after: "2026-01-01T00:00:00Z",
  queued_at: null,
  start_date: null,
  end_date: null,
};

const column = (cells: Column["cells"] = []): Column => ({ run: RUN, version_number: 1, cells });
const news = (part: Partial<RunNews>): RunNews => ({
  ...RUN,
  dag_id: "d",
  task_ids: [],
  instances: [],
  ...part,
});
const instance = (state: string, map_index = -1) => ({
  task_id: "t",
  map_index,
  state,
  try_number: 1,
});

describe("news of a run", () => {
  test("replace a task's cell and the run's own state", () => {
    const next = withNews(column(), news({ state: "success", instances: [instance("success")] }));
    expect(next.isWhole).toBe(true);
    expect(next.column.run.state).toBe("success");
    expect(next.column.cells).toMatchObject([{ task_id: "t", states: { success: 1 } }]);
  });

  test("of one instance of a map do not tell the sums: they must be asked for", () => {
    const next = withNews(column(), news({ instances: [instance("success", 3)] }));
    expect(next).toMatchObject({ isWhole: false, column: { cells: [] } });
  });

  test("without instances, there are too many of them to be told", () => {
    expect(withNews(column(), news({ instances: null })).isWhole).toBe(false);
  });
});

describe("bars", () => {
  const bar = (id: string, day: number) => ({
    ...RUN,
    run_id: id,
    run_after: `2026-01-0${day}T00:00:00Z`,
  });

  test("a known run keeps its place", () => {
    const bars = [bar("b", 2), bar("a", 1)];
    expect(withBar(bars, { ...bar("a", 1), state: "failed" }, 5)[1]?.state).toBe("failed");
  });

  test("a new one comes in by when it is due, and the oldest goes", () => {
    const bars = [bar("c", 3), bar("a", 1)];
    expect(withBar(bars, bar("b", 2), 2).map((one) => one.run_id)).toEqual(["c", "b"]);
  });
});

test("a run that was asked for alone goes where it is shown, or among the newest", () => {
  const column = (id: string, due: string, state = "success"): Column => ({
    version_number: 1,
    cells: [],
    run: {
      run_id: id,
      state,
      run_type: "manual",
      run_after: due,
      queued_at: null,
      start_date: null,
      end_date: null,
    },
  });
  const old = [column("b", "2026-01-02T00:00:00Z"), column("a", "2026-01-01T00:00:00Z")];
  const changed = withColumn(old, column("a", "2026-01-01T00:00:00Z", "failed"));
  expect(changed.map((one) => one.run.state)).toEqual(["success", "failed"]);
  const grown = withColumn(old, column("c", "2026-01-03T00:00:00Z"));
  expect(grown.map((one) => one.run.run_id)).toEqual(["c", "b", "a"]);
});

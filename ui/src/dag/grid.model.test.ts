import { describe, expect, test } from "vitest";
import {
  type Column,
  cellsOf,
  countsText,
  foundIn,
  type Node,
  rowsOf,
  summed,
  tasksOfGroups,
  worstOf,
} from "./grid.model";

const node = (id: string, parent: string | null = null, isGroup = false): Node => ({
  id,
  label: id,
  parent_id: parent,
  is_group: isGroup,
  is_mapped: false,
});

const NODES = [
  node("extract"),
  node("clean", null, true),
  node("clean.parse", "clean"),
  node("clean.deep", "clean", true),
  node("clean.deep.check", "clean.deep"),
  node("load"),
];

const ids = (rows: { node: Node }[]) => rows.map((row) => row.node.id);

describe("the rows of a grid", () => {
  test("stand in the order of the nodes, each as deep as its groups", () => {
    const rows = rowsOf(NODES, new Set());
    expect(rows.map((row) => row.depth)).toEqual([0, 0, 1, 1, 2, 0]);
  });

  test("leave out all that lies in a folded group, however deep", () => {
    expect(ids(rowsOf(NODES, new Set(["clean"])))).toEqual(["extract", "clean", "load"]);
    expect(ids(rowsOf(NODES, new Set(["clean.deep"])))).toEqual([
      "extract",
      "clean",
      "clean.parse",
      "clean.deep",
      "load",
    ]);
  });

  test("that are looked for come with the groups around them, folded or not", () => {
    expect(ids(rowsOf(NODES, new Set(["clean"]), "CHECK"))).toEqual([
      "clean",
      "clean.deep",
      "clean.deep.check",
    ]);
  });
});

test("a group has the tasks of the groups in it", () => {
  expect(tasksOfGroups(NODES).get("clean")).toEqual(["clean.parse", "clean.deep.check"]);
});

test("one failure stands for a thousand successes", () => {
  expect(worstOf({ success: 1000, failed: 1 })).toBe("failed");
  expect(worstOf({ success: 3, skipped: 2 })).toBe("skipped");
  expect(worstOf({})).toBeNull();
});

test("the cells of a group are summed up; a task that is not in the run adds nothing", () => {
  const cell = (states: Record<string, number>) => ({
    task_id: "t",
    states,
    is_mapped: false,
    try_number: 1,
    queued_at: null,
    start_date: null,
    end_date: null,
  });
  expect(summed([cell({ success: 2 }), undefined, cell({ success: 1, failed: 1 })])).toEqual({
    success: 3,
    failed: 1,
  });
});

test("a single instance is called by its state, several are counted", () => {
  const label = (state: string) => state.toUpperCase();
  expect(countsText({ failed: 1 }, label)).toBe("FAILED");
  expect(countsText({ success: 9, failed: 1 }, label)).toBe("9 success, 1 failed");
});

test("what a group comes to is worked out once for each column, and anew where cells have changed", () => {
  const group = node("clean", null, true);
  const column = (state: string): Column => ({
    run: { run_id: "one" } as Column["run"],
    version_number: 1,
    cells: [
      { task_id: "clean.parse", states: { [state]: 1 } },
      { task_id: "load", states: { success: 1 } },
    ],
  });
  const before = column("running");
  const first = foundIn(cellsOf(before), group, ["clean.parse"]);
  expect(first.states).toEqual({ running: 1 });
  expect(foundIn(cellsOf({ ...before }), group, ["clean.parse"])).toBe(first);
  expect(foundIn(cellsOf(column("failed")), group, ["clean.parse"]).states).toEqual({ failed: 1 });
  expect(foundIn(cellsOf(before), node("gone"), undefined).states).toEqual({});
});

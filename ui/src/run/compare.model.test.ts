import { describe, expect, it } from "vitest";
import { isSame, pairsOf, paramsOf, xcomsOf } from "./compare.model";

const cell = (task_id: string, state: string, seconds: number) => ({
  task_id,
  states: { [state]: 1 },
  start_date: "2026-01-01T00:00:00Z",
  end_date: new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString(),
});

describe("two runs side by side", () => {
  it("begin with what ended otherwise, then with what took another time", () => {
    const mine = [cell("a", "success", 1), cell("b", "success", 9), cell("c", "failed", 1)];
    const other = [cell("a", "success", 2), cell("b", "success", 3), cell("c", "success", 1)];
    const pairs = pairsOf(mine, other);
    expect(pairs.map((one) => one.taskId)).toEqual(["c", "b", "a"]);
    expect(pairs.map((one) => one.difference)).toEqual([0, 6000, -1000]);
    expect(pairs[0]?.states).toEqual(["failed", "success"]);
  });

  it("show tasks that one of them does not have", () => {
    const [pair] = pairsOf([], [cell("a", "success", 1)]);
    expect(pair).toMatchObject({ states: [null, "success"], difference: null, isAlike: false });
  });

  it("have the same params in whatever order they were written", () => {
    expect(isSame({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
    expect(isSame([1, 2], [2, 1])).toBe(false);
    expect(paramsOf({ a: 1, b: 2 }, { a: 1 })).toEqual([
      { name: "a", values: [1, 1], isAlike: true },
      { name: "b", values: [2, undefined], isAlike: false },
    ]);
  });

  it("name every XCom once", () => {
    const place = (key: string) => ({ task_id: "a", map_index: -1, key });
    expect(xcomsOf([place("x"), place("y")], [place("x"), place("z")])).toEqual([
      { place: place("x"), isIn: [true, true] },
      { place: place("y"), isIn: [true, false] },
      { place: place("z"), isIn: [false, true] },
    ]);
  });
});

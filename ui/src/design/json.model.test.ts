import { describe, expect, it } from "vitest";
import { branchesOf, gistOf, isBranch } from "./json.model";

describe("values as trees", () => {
  it("are branches where something is in them", () => {
    expect([{}, [], null, "a", 1].map(isBranch)).toEqual([true, true, false, false, false]);
    expect(branchesOf(["a"])).toEqual([["0", "a"]]);
    expect(branchesOf({ a: 1 })).toEqual([["a", 1]]);
  });

  it("say in short what is in them", () => {
    expect(gistOf([1, 2, 3, 4, 5])).toBe("[5] 1, 2, 3, 4, …");
    expect(gistOf({ name: 1, rows: [] })).toBe("{2} name, rows");
    expect(gistOf([{ a: 1 }, "x".repeat(40)])).toBe(`[2] …, "${"x".repeat(23)}…`);
  });
});

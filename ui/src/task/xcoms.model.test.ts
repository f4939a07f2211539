import { describe, expect, test } from "vitest";
import { kindOf } from "./xcoms.model";

describe("a value", () => {
  test("that is a picture is shown as one", () => {
    expect(kindOf("data:image/png;base64,iVBORw0KGgo=")).toMatchObject({ is: "image" });
    expect(kindOf("iVBORw0KGgoAAAA=")).toMatchObject({
      is: "image",
      source: "data:image/png;base64,iVBORw0KGgoAAAA=",
    });
    expect(kindOf("<svg xmlns='x'></svg>")).toMatchObject({ is: "image" });
    expect(kindOf("see <svg>")).toEqual({ is: "text", text: "see <svg>" });
  });

  test("with rows and columns is a table", () => {
    const expected = {
      is: "table",
      columns: ["a", "b"],
      rows: [
        [1, undefined],
        [2, "x"],
      ],
      total: 2,
    };
    expect(kindOf([{ a: 1 }, { a: 2, b: "x" }])).toEqual(expected);
    expect(kindOf({ a: [1, 2], b: ["x", "y"] })).toMatchObject({ columns: ["a", "b"], total: 2 });
    expect(
      kindOf([
        [1, 2],
        [3, 4],
      ]),
    ).toMatchObject({ columns: ["0", "1"] });
    expect(kindOf([{ a: { deep: 1 } }])).toEqual({ is: "json" });
    expect(kindOf({ a: [1, 2], b: [1] })).toEqual({ is: "json" });
  });

  test("of numbers is a plot, and so is a figure of Plotly", () => {
    expect(kindOf([1, 2.5, null, 4])).toMatchObject({ is: "plot", isTime: false });
    expect(kindOf([1, 2])).toEqual({ is: "json" });
    const figure = {
      data: [{ x: ["2026-01-01", "2026-01-02"], y: [1, 2], name: "loss" }],
      layout: { title: { text: "Training" } },
    };
    expect(kindOf(figure)).toMatchObject({ is: "plot", title: "Training", isTime: true });
    expect(kindOf({ data: [{ type: "pie" }], layout: {} })).toEqual({ is: "json" });
  });

  test("of any other kind is a tree", () => {
    expect([7, null, true, {}, []].map((one) => kindOf(one).is)).toEqual(Array(5).fill("json"));
  });
});

import { expect, test } from "vitest";
import { aligned } from "./plot.model";

test("lines over different places are drawn over all of them", () => {
  const lines = [
    { name: "a", x: [1, 3], y: [10, 30] },
    { name: "b", x: [2, 3], y: [5, 6] },
  ];
  expect(aligned(lines)).toEqual({
    x: [1, 2, 3],
    ys: [
      [10, null, 30],
      [null, 5, 6],
    ],
  });
});

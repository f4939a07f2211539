import { expect, test } from "vitest";
import { momentsIn } from "./sentence.model";

test("moments are found in a sentence", () => {
  expect(momentsIn("The next is at 2026-11-22T07:58:50+00:00: no route.")).toEqual([
    { said: "The next is at ", isMoment: false },
    { said: "2026-11-22T07:58:50+00:00", isMoment: true },
    { said: ": no route.", isMoment: false },
  ]);
});

test("dates without a time and names of runs' times without a zone stay text", () => {
  expect(momentsIn("of 2026-11-22, at 2026-11-22T07:58:50")).toHaveLength(1);
});

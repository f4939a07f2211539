import { expect, test } from "vitest";
import { absolute, ago, lengthOf, spanOf } from "./time.model";

test.each([
  [0, "0 ms"],
  [850, "850 ms"],
  [2_340, "2.34 s"],
  [12_400, "12.4 s"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [356_400_000, "4 d 3 h"],
])("%i milliseconds are %s", (milliseconds, text) => {
  expect(lengthOf(milliseconds)).toBe(text);
});

test("moments are told from now", () => {
  expect(ago(0, 180_000)).toBe("3 minutes ago");
  expect(ago(7_200_000, 0)).toBe("in 2 hours");
  expect(ago(400, 0)).toBe("now");
});

test("what has not ended lasts until now; what has not begun lasts not at all", () => {
  expect(spanOf("1970-01-01T00:00:01Z", null, 5_000)).toBe(4_000);
  expect(spanOf(null, null, 5_000)).toBeNull();
});

test("a moment is shown in the zone that was chosen, also behind a change of the clocks", () => {
  const moment = Date.parse("2026-03-29T01:30:00Z");
  expect(absolute(moment, "UTC")).toBe("2026-03-29 01:30:00");
  expect(absolute(moment, "Europe/Berlin")).toBe("2026-03-29 03:30:00");
});

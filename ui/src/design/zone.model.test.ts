import { expect, test } from "vitest";
import { midnight, momentOf, typedOf } from "./zone.model";

test("what is typed is a moment in the chosen zone", () => {
  expect(momentOf("2026-07-01T12:00", "Europe/Berlin")).toBe(Date.UTC(2026, 6, 1, 10));
  expect(momentOf("2026-01-01T12:00", "America/New_York")).toBe(Date.UTC(2026, 0, 1, 17));
  expect(momentOf("2026-01-01T12:00", "UTC")).toBe(Date.UTC(2026, 0, 1, 12));
});

test("and is shown as it was typed, around changes of the clocks too", () => {
  for (const zone of ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]) {
    for (const typed of ["2026-03-29T00:30", "2026-03-29T04:30", "2026-10-25T06:00"]) {
      const moment = momentOf(typed, zone);
      expect(moment === null ? null : typedOf(moment, zone)).toBe(typed);
    }
  }
});

test("what is no time is none", () => {
  expect(momentOf("", "UTC")).toBeNull();
});

test("midnight is that of the zone", () => {
  const now = Date.UTC(2026, 10, 21, 23, 30);
  expect(midnight(now, 0, "Europe/Berlin")).toBe(Date.UTC(2026, 10, 21, 23));
  expect(midnight(now, 7, "UTC")).toBe(Date.UTC(2026, 10, 14));
});

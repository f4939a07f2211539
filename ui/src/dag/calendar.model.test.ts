import { expect, test } from "vitest";
import { monthsOf, shadeOf, yearUntil } from "./calendar.model";

test("a year ends with the week of today and begins a year before", () => {
  const weeks = yearUntil("2026-11-22");
  expect(weeks).toHaveLength(53);
  expect(weeks.at(-1)).toContain("2026-11-22");
  expect(weeks[0]?.[0]).toBe("2025-11-17");
});

test("months stand over the week in which they begin", () => {
  const weeks = yearUntil("2026-11-22");
  const months = monthsOf(weeks);
  expect(months.filter(Boolean)).toHaveLength(12);
  expect(weeks[months.indexOf("2026-03-01")]).toContain("2026-03-01");
});

test("a day with the most runs is full, and one with few can still be seen", () => {
  expect(shadeOf(96, 96)).toBe(100);
  expect(shadeOf(1, 96)).toBeGreaterThan(35);
});

/** A year of days as columns of weeks. */
import type { Schemas } from "../api/client";
import { weeksOf } from "./overview.model";

export type Day = Schemas["DayCounts"];

const WEEKS = 53;
const DAY_MS = 86_400_000;

/** The 53 weeks whose last has that date ("2026-11-21") in it, each from Monday on. */
export function yearUntil(today: string): string[][] {
  const first = new Date(Date.parse(`${today}T00:00:00Z`) - (WEEKS - 1) * 7 * DAY_MS);
  return weeksOf(first.toISOString().slice(0, 10), today);
}

/** Beside each week the first day of the month that begins in it, or null. */
export function monthsOf(weeks: readonly (readonly string[])[]): (string | null)[] {
  return weeks.map((week) => week.find((date) => date.endsWith("-01")) ?? null);
}

const FAINTEST = 35;

/** How full the colour of a day is, in percent, by its runs and the most of any day. */
export function shadeOf(runs: number, most: number): number {
  return Math.round(FAINTEST + (100 - FAINTEST) * Math.sqrt(runs / Math.max(1, most)));
}

/** Moments that people type, in the time zone that they have chosen. */
import { absolute } from "./time.model";

/** What a field of the kind `datetime-local` shows for a moment: "2026-11-21T14:03". */
export function typedOf(moment: number, timeZone: string): string {
  return absolute(moment, timeZone).slice(0, 16).replace(" ", "T");
}

/** The moment that such a field stands for, in milliseconds; null where it is none. A time that a
 * change of the clocks leaves out is read with the offset from before. */
export function momentOf(typed: string, timeZone: string): number | null {
  const wanted = Date.parse(`${typed}Z`);
  if (Number.isNaN(wanted)) return null;
  const offsetAt = (moment: number) =>
    Date.parse(`${absolute(moment, timeZone).replace(" ", "T")}Z`) -
    Math.floor(moment / 1000) * 1000;
  const first = wanted - offsetAt(wanted);
  return wanted - offsetAt(first);
}

/** The last midnight but so many, in that time zone. */
export function midnight(now: number, daysAgo: number, timeZone: string): number {
  const day = absolute(now - daysAgo * 86_400_000, timeZone).slice(0, 10);
  return momentOf(`${day}T00:00`, timeZone) ?? now;
}

/** Layouts that ELK has worked out, kept in this browser: a graph that was seen before stands at once. */
import type { Place } from "./layers.model";

/** The version is that of how graphs are laid out: what an earlier one has left is not used. */
const NAME = "slipstream.layouts.1";
const MOST_LAYOUTS = 20;
const MOST_LETTERS = 1_000_000;

type Entry = [key: string, places: [string, number, number, number, number][]];

/** The layout under that key, or null. */
export function kept(key: string): Map<string, Place> | null {
  const found = entries().find(([one]) => one === key);
  if (!found) return null;
  return new Map(found[1].map(([id, x, y, width, height]) => [id, { x, y, width, height }]));
}

/** Keep a layout under that key; the oldest ones go. */
export function keep(key: string, places: ReadonlyMap<string, Place>): void {
  const entry: Entry = [
    key,
    [...places].map(([id, { x, y, width, height }]) => [id, x, y, width, height]),
  ];
  const next = [entry, ...entries().filter(([one]) => one !== key)].slice(0, MOST_LAYOUTS);
  let text = JSON.stringify(next);
  while (text.length > MOST_LETTERS && next.length > 0) {
    next.pop();
    text = JSON.stringify(next);
  }
  try {
    localStorage.setItem(NAME, text);
  } catch {
    // The browser has no room for it: the layout is worked out again the next time.
  }
}

function entries(): Entry[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(NAME) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

import { beforeEach, expect, test, vi } from "vitest";
import { keep, kept } from "./remembered";

const held = new Map<string, string>();
let room = Number.POSITIVE_INFINITY;

beforeEach(() => {
  held.clear();
  room = Number.POSITIVE_INFINITY;
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => held.get(name) ?? null,
    setItem: (name: string, text: string) => {
      if (text.length > room) throw new Error("QuotaExceededError");
      held.set(name, text);
    },
  });
});

const place = (x: number) => new Map([["task", { x, y: 1, width: 2, height: 3 }]]);

test("a layout that was kept is there again, and another one is not", () => {
  keep("one", place(7));
  expect(kept("one")).toEqual(place(7));
  expect(kept("two")).toBeNull();
});

test("the oldest ones go", () => {
  for (let at = 0; at < 30; at++) keep(`graph ${at}`, place(at));
  expect(kept("graph 0")).toBeNull();
  expect(kept("graph 29")).toEqual(place(29));
});

test("a browser without room, or with something else under the name, keeps nothing and says nothing", () => {
  room = 10;
  keep("one", place(7));
  expect(kept("one")).toBeNull();
  held.set("slipstream.layouts.1", "{}");
  expect(kept("one")).toBeNull();
});

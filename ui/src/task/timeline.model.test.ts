import { expect, test } from "vitest";
import { extentOf, phasesOf } from "./timeline.model";

const at = (seconds: number) => new Date(1000 * seconds).toISOString();

test("a try waits to be queued, waits in the queue, and runs", () => {
  const one = {
    try_number: 1,
    scheduled_when: at(1),
    queued_when: at(2),
    start_date: at(5),
    end_date: at(9),
  };
  expect(phasesOf(one, 0)).toEqual([
    { name: "scheduled", from: 1000, to: 2000 },
    { name: "queued", from: 2000, to: 5000 },
    { name: "ran", from: 5000, to: 9000 },
  ]);
  expect(extentOf(phasesOf(one, 0))).toEqual([1000, 9000]);
});

test("what goes on lasts until now", () => {
  const one = {
    try_number: 1,
    scheduled_when: null,
    queued_when: at(2),
    start_date: null,
    end_date: null,
  };
  expect(phasesOf(one, 7000)).toEqual([{ name: "queued", from: 2000, to: 7000 }]);
});

import { expect, test } from "vitest";
import { criticalPath, drawingOf } from "./graph.model";

const node = (id: string, parent: string | null = null, isGroup = false) => ({
  id,
  label: id,
  parent_id: parent,
  is_group: isGroup,
  is_mapped: false,
});

const NODES = [
  node("a"),
  node("g", null, true),
  node("g.b", "g"),
  node("g.h", "g", true),
  node("g.h.c", "g.h"),
  node("d"),
];
const EDGES = [
  { source: "a", target: "g.b", label: "yes" },
  { source: "g.b", target: "g.h.c" },
  { source: "g.h.c", target: "d" },
];

test("open groups are boxes around what is in them", () => {
  const { nodes, lines } = drawingOf(NODES, EDGES, new Set(), null);
  expect(nodes.filter((one) => one.isOpen).map((one) => one.id)).toEqual(["g", "g.h"]);
  expect(lines.map((one) => one.id)).toEqual(["a→g.b", "g.b→g.h.c", "g.h.c→d"]);
});

test("a folded group stands for all that is in it, and lines within it vanish", () => {
  const { nodes, lines } = drawingOf(NODES, EDGES, new Set(["g"]), null);
  expect(nodes.map((one) => one.id)).toEqual(["a", "g", "d"]);
  expect(lines).toEqual([
    { id: "a→g", source: "a", target: "g", label: "yes" },
    { id: "g→d", source: "g", target: "d", label: null },
  ]);
});

test("a folded group in an open one is drawn in its box", () => {
  const { nodes } = drawingOf(NODES, EDGES, new Set(["g.h"]), null);
  expect(nodes.map((one) => [one.id, one.parent, one.isOpen])).toEqual([
    ["a", null, false],
    ["g", null, true],
    ["g.b", "g", false],
    ["g.h", "g", false],
    ["d", null, false],
  ]);
});

test("the critical path goes back from the last end over the upstream that ended last", () => {
  const edges = [
    { source: "slow", target: "join" },
    { source: "quick", target: "join" },
    { source: "start", target: "slow" },
    { source: "start", target: "quick" },
  ];
  const spans = new Map([
    ["start", { start: 0, end: 1 }],
    ["quick", { start: 1, end: 2 }],
    ["slow", { start: 1, end: 9 }],
    ["join", { start: 9, end: 10 }],
    ["aside", { start: 0, end: 5 }],
  ]);
  expect([...criticalPath(edges, spans)]).toEqual(["join", "slow", "start"]);
});

test("there is no critical path before anything has begun", () => {
  expect(criticalPath([], new Map()).size).toBe(0);
});

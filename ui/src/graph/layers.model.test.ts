import { expect, test } from "vitest";
import type { Drawing } from "./graph.model";
import { areChains, inLayers } from "./layers.model";

const SIZES = { width: 100, height: 50, layerGap: 40, nodeGap: 10, padding: 5, title: 20 };

function drawing(nodes: [string, string | null][], lines: [string, string][]): Drawing {
  const parents = new Set(nodes.map(([, parent]) => parent));
  return {
    nodes: nodes.map(([id, parent]) => ({
      id,
      parent,
      isOpen: parents.has(id),
      node: { id, label: id },
      states: null,
    })),
    lines: lines.map(([source, target]) => ({
      id: `${source}→${target}`,
      source,
      target,
      label: null,
    })),
  };
}

test("a node stands behind the longest way to it", () => {
  const places = inLayers(
    drawing(
      [
        ["a", null],
        ["b", null],
        ["c", null],
      ],
      [
        ["a", "b"],
        ["b", "c"],
        ["a", "c"],
      ],
    ),
    "RIGHT",
    SIZES,
  );
  expect(["a", "b", "c"].map((id) => places.get(id)?.x)).toEqual([0, 140, 280]);
});

test("nodes of one layer stand side by side, and across the other direction", () => {
  const two = drawing(
    [
      ["a", null],
      ["b", null],
    ],
    [],
  );
  expect(inLayers(two, "RIGHT", SIZES).get("b")).toMatchObject({ x: 0, y: 60 });
  expect(inLayers(two, "DOWN", SIZES).get("b")).toMatchObject({ x: 110, y: 0 });
});

test("a group is as large as what is in it, and lines into it move the whole group", () => {
  const places = inLayers(
    drawing(
      [
        ["start", null],
        ["g", null],
        ["g.a", "g"],
        ["g.b", "g"],
      ],
      [
        ["start", "g.a"],
        ["g.a", "g.b"],
      ],
    ),
    "RIGHT",
    SIZES,
  );
  expect(places.get("g")).toEqual({ x: 140, y: 0, width: 250, height: 75 });
  expect(places.get("g.b")).toMatchObject({ x: 145, y: 20 });
});

test("groups that wait for one another both ways are drawn all the same", () => {
  const places = inLayers(
    drawing(
      [
        ["g", null],
        ["g.a", "g"],
        ["h", null],
        ["h.a", "h"],
      ],
      [
        ["g.a", "h.a"],
        ["h.a", "g.a"],
      ],
    ),
    "RIGHT",
    SIZES,
  );
  expect(places.size).toBe(4);
});

const lines = (...pairs: string[]) =>
  pairs.map((one): [string, string] => [one[0] ?? "", one[1] ?? ""]);
const nodes = (...names: string[]) => names.map((one): [string, null] => [one, null]);

test("tasks one behind the other are chains, as long as none has two before or behind it", () => {
  expect(areChains(drawing(nodes("a", "b", "c", "d"), lines("ab", "cd")))).toBe(true);
  expect(areChains(drawing(nodes("a", "b", "c"), lines("ab", "ac")))).toBe(false);
  expect(areChains(drawing(nodes("a", "b", "c"), lines("ac", "bc")))).toBe(false);
});

test("a line out of a group, one with a label, and very many rows are for ELK", () => {
  const inGroup: [string, string | null][] = [
    ["g", null],
    ["a", "g"],
    ["b", null],
  ];
  expect(areChains(drawing(inGroup, lines("ab")))).toBe(false);
  const plain = drawing(nodes("a", "b"), lines("ab"));
  const labelled = plain.lines.map((line) => ({ ...line, label: "if so" }));
  expect(areChains({ ...plain, lines: labelled })).toBe(false);
  expect(areChains(drawing(nodes(..."abcdefghijkl"), []))).toBe(false);
});

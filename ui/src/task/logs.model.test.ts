import { describe, expect, test } from "vitest";
import {
  type Held,
  heldAfter,
  heldBefore,
  heldGrown,
  LogReader,
  piecesOf,
  visible,
} from "./logs.model";

const read = (...raw: Parameters<LogReader["read"]>[0]) => new LogReader().read(raw);
const texts = (lines: { text: string }[]) => lines.map((line) => line.text);

describe("reading", () => {
  test("lines have their level, and what else was logged behind the text", () => {
    const [line] = read({ event: "Read", level: "warning", rows: 3, timestamp: "t" });
    expect(line).toMatchObject({ text: "Read rows=3", level: "warning", number: 1 });
  });

  test("an event of several lines is several lines", () => {
    expect(texts(read({ event: "a\nb" }))).toEqual(["a", "b"]);
  });

  test("the lines of an event have one number, and pieces go on with theirs", () => {
    const lines = new LogReader(41).read([{ event: "a\nb" }, { event: "c" }]);
    expect(lines.map(({ number, part }) => [number, part])).toEqual([
      [41, 0],
      [41, 1],
      [42, 0],
    ]);
  });

  test("an exception is shown as Python shows it", () => {
    const detail = [
      {
        exc_type: "ValueError",
        exc_value: "no",
        frames: [{ filename: "dag.py", lineno: 7, name: "load" }],
      },
    ];
    expect(texts(read({ event: "failed", level: "error", error_detail: detail }))).toEqual([
      "failed",
      "Traceback (most recent call last):",
      '  File "dag.py", line 7, in load',
      "ValueError: no",
    ]);
  });

  test("further pages go on with the numbers and the groups", () => {
    const reader = new LogReader();
    reader.read([{ event: "::group::Set-up" }]);
    const [inside] = reader.read([{ event: "pip" }]);
    expect(inside).toMatchObject({ number: 2, group: 1 });
  });
});

describe("what is visible", () => {
  const lines = read(
    { event: "::group::outer" },
    { event: "::group::inner" },
    { event: "deep", level: "debug" },
    { event: "::endgroup::" },
    { event: "::endgroup::" },
    { event: "after", level: "error" },
  );

  test("a folded group hides all that is in it, groups too", () => {
    expect(texts(visible(lines, undefined, new Set([1])))).toEqual(["outer", "after"]);
  });

  test("lines below the level are left out", () => {
    expect(texts(visible(lines, "error", new Set()))).toEqual(["after"]);
  });
});

describe("colours", () => {
  test("SGR sequences colour what follows, until they are taken back", () => {
    expect(piecesOf("a\u001b[1;31mb\u001b[0mc")).toEqual([
      { text: "a", color: null, isBold: false },
      { text: "b", color: 1, isBold: true },
      { text: "c", color: null, isBold: false },
    ]);
  });

  test("bright colours are those of the eight, and other sequences vanish", () => {
    expect(piecesOf("\u001b[2K\u001b[92mok")).toEqual([{ text: "ok", color: 2, isBold: false }]);
  });
});

describe("what is held of a long log", () => {
  const piece = (at: number): Held => ({ begin: at, end: at + 1, lines: [] });

  test("is bounded both ways", () => {
    const all = Array.from({ length: 12 }, (_, at) => piece(at));
    expect(heldAfter(all, piece(12)).map((one) => one.begin)).toEqual([
      1,
      ...all.slice(2).map((one) => one.begin),
      12,
    ]);
    expect(heldBefore(all, piece(-1)).at(-1)?.begin).toBe(10);
  });

  test("grows in its last piece until that is large", () => {
    const [line] = read({ event: "new" });
    const grown = heldGrown([piece(0)], line ? [line] : [], 9);
    expect(grown).toMatchObject([{ begin: 0, end: 9, lines: [{ text: "new" }] }]);
    const large = heldGrown([{ begin: 0, end: 2_000_000, lines: [] }], [], 2_000_009);
    expect(large.map((one) => one.begin)).toEqual([0, 2_000_000]);
  });

  test("leaves behind what came long ago, however long it grows", () => {
    let held: Held[] = [];
    for (let end = 700_000; end < 90_000_000; end += 700_000) held = heldGrown(held, [], end);
    expect(held.length).toBe(3);
    expect(held.at(-1)?.end).toBeGreaterThan(89_000_000);
  });
});

import { describe, expect, test } from "vitest";
import { confOf, fieldsOf, parsed, shown } from "./params.model";

const field = (param: Parameters<typeof fieldsOf>[0][string]) => {
  const [one] = fieldsOf({ p: param });
  if (!one) throw new Error("there is a field for every param");
  return one;
};

describe("the kind of a field", () => {
  test.each([
    [{ type: "boolean" }, "flag"],
    [{ type: "integer" }, "whole"],
    [{ type: "number" }, "number"],
    [{ type: ["null", "string"] }, "text"],
    [{ type: "string", format: "date" }, "date"],
    [{ type: "string", format: "date-time" }, "moment"],
    [{ type: "string", format: "multiline" }, "long"],
    [{ enum: ["a", "b"] }, "choice"],
    [{ type: "array", examples: ["x"] }, "choices"],
    [{ type: "object" }, "json"],
  ])("of %o is %s", (schema, kind) => {
    expect(field({ value: null, schema }).kind).toBe(kind);
  });

  test("without a type it is that of the default", () => {
    expect(field({ value: 3 }).kind).toBe("whole");
    expect(field({ value: "x" }).kind).toBe("text");
    expect(field({ value: { a: 1 } }).kind).toBe("json");
  });
});

test("sections, titles and descriptions come from the schema", () => {
  const schema = { type: "string", title: "Model", section: "Training", description: "Which" };
  expect(field({ value: "m", schema })).toMatchObject({
    label: "Model",
    section: "Training",
    about: "Which",
    isRequired: true,
  });
});

describe("what was typed", () => {
  test("becomes a value of the field's kind", () => {
    expect(parsed(field({ schema: { type: "integer" } }), "7")).toBe(7);
    expect(parsed(field({ schema: { type: "boolean" } }), "true")).toBe(true);
    expect(parsed(field({ schema: { type: "object" } }), '{"a": 1}')).toEqual({ a: 1 });
    expect(parsed(field({ value: 1, schema: { enum: [1, 2] } }), "2")).toBe(2);
    expect(parsed(field({ value: "1", schema: { enum: ["1", "2"] } }), "2")).toBe("2");
    expect(parsed(field({ schema: { type: ["null", "string"] } }), "")).toBeNull();
  });

  test("and cannot be is refused in words", () => {
    expect(() => parsed(field({ schema: { type: "integer" } }), "7.5")).toThrow("whole number");
    expect(() => parsed(field({ schema: { type: "number" } }), "x")).toThrow("not a number");
    expect(() => parsed(field({ schema: { type: "object" } }), "{")).toThrow("not JSON");
  });

  test("comes back as it was shown", () => {
    for (const value of [7, true, "text", { a: [1] }]) {
      const one = field({ value });
      expect(parsed(one, shown(one, value))).toEqual(value);
    }
  });
});

test("only what differs from the defaults is sent", () => {
  const fields = fieldsOf({ a: { value: 1 }, b: { value: [1] } });
  expect(confOf(fields, { a: 2, b: [1] })).toEqual({ a: 2 });
});

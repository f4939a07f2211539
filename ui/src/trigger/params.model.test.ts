import { describe, expect, test } from "vitest";
import { checked, confOf, fieldsOf, parsed, shown } from "./params.model";

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

test("an array of texts is typed line by line", () => {
  const lines = field({ value: ["a", "b"], schema: { type: "array", items: { type: "string" } } });
  expect(lines.kind).toBe("lines");
  expect(shown(lines, lines.value)).toBe("a\nb");
  expect(parsed(lines, "a\n\nc")).toEqual(["a", "c"]);
});

test("a constant stays what it is", () => {
  const fixed = field({ value: "v1", schema: { const: "v1" } });
  expect([fixed.kind, checked(fixed, "else")]).toEqual(["fixed", "v1"]);
});

test("choices are shown by their names", () => {
  const one = field({ value: 1, schema: { enum: [1, 2], values_display: { "1": "One" } } });
  expect(one.display["1"]).toBe("One");
});

test.each([
  [{ type: "string", minLength: 3 }, "ab", "At least 3 characters"],
  [{ type: "string", maxLength: 3 }, "abcd", "At most 3 characters"],
  [{ type: "string", pattern: "^[A-Z]+$" }, "abc", "This must be like ^[A-Z]+$"],
  [{ type: "integer", minimum: 1 }, "0", "At least 1"],
  [{ type: "integer", maximum: 9 }, "10", "At most 9"],
  [{ type: "number", exclusiveMinimum: 0 }, "0", "More than 0"],
  [{ type: "number", exclusiveMaximum: 1 }, "1", "Less than 1"],
  [{ type: "string" }, "", "Give a value: this param has to have one"],
])("a value of %o cannot be %s", (schema, text, wrong) => {
  expect(() => checked(field({ schema }), text)).toThrow(wrong);
});

test("what may be nothing and what is empty by default may stay so", () => {
  expect(checked(field({ schema: { type: ["null", "integer"] } }), "")).toBeNull();
  expect(checked(field({ value: "", schema: { type: "string" } }), "")).toBe("");
});

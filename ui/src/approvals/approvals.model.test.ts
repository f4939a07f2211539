import { describe, expect, test } from "vitest";
import { type Asked, isFor, isWaiting, optionsIn, typedInto } from "./approvals.model";

const asked = (part: object): Asked =>
  ({ options: ["Yes", "No"], task_instance: { state: "awaiting_input" }, ...part }) as Asked;

test("a question waits until it is answered or its task has gone on", () => {
  expect(isWaiting(asked({}))).toBe(true);
  expect(isWaiting(asked({ response_received: true }))).toBe(false);
  expect(isWaiting(asked({ task_instance: { state: "failed" } }))).toBe(false);
});

test("it is for everybody unless it names people", () => {
  expect(isFor(asked({ assigned_users: [] }), "ada")).toBe(true);
  expect(isFor(asked({ assigned_users: [{ id: "ada", name: "Ada" }] }), "ada")).toBe(true);
  expect(isFor(asked({ assigned_users: [{ id: "bob", name: "Bob" }] }), "ada")).toBe(false);
});

describe("a link chooses options", () => {
  test.each([
    ["['Yes']", ["Yes"]],
    ['["Yes", "No"]', ["Yes", "No"]],
    ["No", ["No"]],
    [["No", "Perhaps"], ["No"]],
    [undefined, []],
    ["['Nothing']", []],
  ])("by %o", (given, options) => {
    expect(optionsIn(given, ["Yes", "No"])).toEqual(options);
  });
});

test("what was typed becomes values, and mistakes are told by field", () => {
  const question = asked({
    params: {
      rows: { value: 3, schema: { type: "integer" } },
      why: { value: null, schema: { type: ["null", "string"] } },
    },
  });
  const { values, wrong } = typedInto(question, { rows: "7" });
  expect(values).toEqual({ rows: 7, why: null });
  expect(wrong).toEqual({});
  expect(typedInto(question, { rows: "x" }).wrong).toHaveProperty("rows");
});

import { expect, test } from "vitest";
import { goesWith, withoutVerbs } from "./palette.model";

test("words may stand anywhere in a name, in any order", () => {
  expect(goesWith("orders trig", "Trigger shop_orders")).toBe(true);
  expect(goesWith("orders pause", "Trigger shop_orders")).toBe(false);
  expect(goesWith("", "anything")).toBe(true);
});

test("a verb is not a part of what is looked for", () => {
  expect(withoutVerbs("trigger orders", ["Trigger", "Pause"])).toBe("orders");
  expect(withoutVerbs("pau", ["Trigger", "Pause"])).toBe("");
  expect(withoutVerbs("tr", ["Trigger"])).toBe("tr");
});

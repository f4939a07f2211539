import { expect, test } from "vitest";
import { changesIn } from "./audit.model";

test("what has changed is told with what it was", () => {
  const extra = {
    key: "region",
    before: { value: "eu", about: "x" },
    after: { value: "us", about: "x" },
  };
  expect(changesIn(JSON.stringify(extra))).toEqual([
    { name: "key", after: "region" },
    { name: "value", before: "eu", after: "us" },
  ]);
});

test("what was made or removed has nothing on one side", () => {
  expect(changesIn('{"before": null, "after": {"slots": 3}}')).toEqual([
    { name: "slots", before: "nothing", after: "3" },
  ]);
});

test("other entries are told field by field, or as they are", () => {
  expect(changesIn('{"conf": {"a": 1}, "note": "n"}')).toEqual([
    { name: "conf", after: '{"a":1}' },
    { name: "note", after: "n" },
  ]);
  expect(changesIn("plain")).toEqual([{ name: "", after: "plain" }]);
  expect(changesIn(null)).toEqual([]);
});

test("the changes of an entry tell what they are about", () => {
  const changes = [{ object: "pool", key: "gpu", before: { slots: 1 }, after: { slots: 2 } }];
  expect(changesIn(JSON.stringify({ via: "rest_api", body: {}, changes }))).toEqual([
    { name: "pool gpu: slots", before: "1", after: "2" },
  ]);
});

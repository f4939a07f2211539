import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { assetIn, withAssets } from "./assets.model";

const structure: Schemas["StructureResponse"] = {
  dag_id: "shop",
  version_number: 1,
  nodes: [
    { id: "read", label: "read" },
    { id: "write", label: "write" },
  ],
  edges: [{ source: "read", target: "write" }],
};

const asset = (id: number, part: object) =>
  ({
    id,
    name: `asset${id}`,
    scheduled_dags: [],
    producing_tasks: [],
    consuming_tasks: [],
    ...part,
  }) as unknown as Schemas["AssetResponse"];

test("assets stand before the tasks that they start and behind those that make them", () => {
  const found = withAssets(structure, [
    asset(1, { scheduled_dags: [{ dag_id: "shop" }] }),
    asset(2, { producing_tasks: [{ dag_id: "shop", task_id: "write" }] }),
    asset(3, { consuming_tasks: [{ dag_id: "shop", task_id: "write" }] }),
    asset(4, { producing_tasks: [{ dag_id: "other", task_id: "write" }] }),
  ]);
  expect(found.nodes.map((one) => one.id)).toEqual([
    "asset 1",
    "asset 2",
    "asset 3",
    "read",
    "write",
  ]);
  expect(found.edges.slice(1)).toEqual([
    { source: "asset 1", target: "read" },
    { source: "write", target: "asset 2" },
    { source: "asset 3", target: "write", label: "reads" },
  ]);
});

test("a node says whether it is an asset", () => {
  expect(assetIn("asset 12")).toBe("12");
  expect(assetIn("asset")).toBeNull();
});

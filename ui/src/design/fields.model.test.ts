import { expect, test } from "vitest";
import { labelOf } from "./fields.model";

test("names of fields are sentences' beginnings", () => {
  expect(labelOf("max_active_runs")).toBe("Max active runs");
  expect(labelOf("dag_run_timeout")).toBe("DAG run timeout");
  expect(labelOf("next_dagrun_logical_date")).toBe("Next DAG run logical date");
  expect(labelOf("pid")).toBe("PID");
});

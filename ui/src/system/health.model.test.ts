import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { beatOf, partsOf } from "./health.model";

test("parts are named with when they were seen last", () => {
  const health = {
    metadatabase: { status: "healthy" },
    scheduler: { status: "unhealthy", latest_scheduler_heartbeat: "2026-01-01T00:00:00Z" },
    triggerer: { status: null, latest_triggerer_heartbeat: null },
    dag_processor: null,
  } as Schemas["HealthInfoResponse"];
  expect(partsOf(health).map((part) => [part.name, part.status, part.color, part.beat])).toEqual([
    ["Database", "healthy", "green", null],
    ["Scheduler", "unhealthy", "red", "2026-01-01T00:00:00Z"],
    ["Triggerer", "not here", "gray", null],
    ["DAG processor", "not here", "gray", null],
  ]);
});

test("kinds of jobs are words", () => {
  expect(beatOf("DagProcessorJob")).toBe("DAG processor");
  expect(beatOf("SchedulerJob")).toBe("Scheduler");
  expect(beatOf(null)).toBe("job");
});

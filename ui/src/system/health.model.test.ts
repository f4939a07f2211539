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
    ["database", "healthy", "green", null],
    ["scheduler", "unhealthy", "red", "2026-01-01T00:00:00Z"],
    ["triggerer", "not here", "gray", null],
    ["dag processor", "not here", "gray", null],
  ]);
});

test("kinds of jobs are words", () => {
  expect(beatOf("DagProcessorJob")).toBe("dag processor");
  expect(beatOf("SchedulerJob")).toBe("scheduler");
  expect(beatOf(null)).toBe("job");
});

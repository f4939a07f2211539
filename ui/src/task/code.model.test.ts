import { expect, test } from "vitest";
import { lineOf } from "./code.model";

const SOURCE = `from airflow.sdk import task
@task
def read(rows):
    pass

BashOperator(task_id="say", bash_command="echo read")
`;

test("a task is found by its function or by its id", () => {
  expect(lineOf(SOURCE, "read")).toBe(3);
  expect(lineOf(SOURCE, "report.read__1")).toBe(3);
  expect(lineOf(SOURCE, "say")).toBe(6);
  expect(lineOf(SOURCE, "elsewhere")).toBeUndefined();
});

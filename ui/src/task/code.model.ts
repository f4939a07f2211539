/** Where in a DAG file a task is written. */

/** The line of the task, from 1 on: its function, or where its id is given; undefined where neither
 * is found, as for tasks that a loop makes. */
export function lineOf(source: string, taskId: string): number | undefined {
  const name = taskId.slice(taskId.lastIndexOf(".") + 1).replace(/__\d+$/, "");
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const patterns = [
    new RegExp(`task_id\\s*=\\s*["']${escaped}["']`),
    new RegExp(`^\\s*(async\\s+)?def\\s+${escaped}\\s*\\(`),
    new RegExp(`["']${escaped}["']`),
  ];
  const lines = source.split("\n");
  for (const pattern of patterns) {
    const at = lines.findIndex((line) => pattern.test(line));
    if (at >= 0) return at + 1;
  }
  return undefined;
}

import { Link } from "@tanstack/react-router";
import { lengthOf } from "../design/time.model";
import { t } from "../language/language";
import classes from "./heat.module.css";
import type { TaskFigures } from "./overview.model";

const RUNS = 30;
const FAINTEST = 18;

/** How long a task took in each of the last runs, as shades; red where it failed. */
export function HeatStrip({ dagId, task }: { dagId: string; task: TaskFigures }) {
  const longest = Math.max(1, task.longest ?? 0);
  return (
    <span className={classes.strip}>
      {task.heat.slice(-RUNS).map((one, at) => {
        if (one === null) return <span key={at} className={classes.cell} />;
        const { runId, span, hasFailed } = one;
        const shade = FAINTEST + ((100 - FAINTEST) * (span ?? 0)) / longest;
        const color = hasFailed ? "var(--state-failed)" : "var(--state-running)";
        const text = [runId, hasFailed ? t("failed") : null, span === null ? null : lengthOf(span)]
          .filter((part) => part !== null)
          .join(", ");
        return (
          <Link
            key={runId}
            to="/dags/$dagId/runs/$runId/tasks/$taskId"
            params={{ dagId, runId, taskId: task.taskId }}
            className={classes.cell}
            style={{ background: `color-mix(in srgb, ${color} ${shade}%, transparent)` }}
            title={text}
            aria-label={`${task.taskId}, ${text}`}
            tabIndex={-1}
          />
        );
      })}
    </span>
  );
}

import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { useNow } from "./clock";
import classes from "./design.module.css";
import { lengthOf, spanOf } from "./time.model";
import { colorOf, useStateLabel } from "./words";

type RunBar = Schemas["RunBar"];

const LEAST = 0.12;

/** The last runs as bars: as high as they took long, the newest on the right. */
export function RunBars({
  dagId,
  runs,
  most = 14,
}: {
  dagId: string;
  runs: RunBar[];
  most?: number;
}) {
  const now = useNow();
  const label = useStateLabel();
  const shown = runs.slice(0, most).reverse();
  const spans = shown.map((run) => spanOf(run.start_date, run.end_date, now) ?? 0);
  const longest = Math.max(1, ...spans);
  if (shown.length === 0) return <span className={classes.quiet}>No runs yet</span>;
  return (
    <span className={classes.bars}>
      {shown.map((run, index) => {
        const span = spans[index] ?? 0;
        const text = `${label(run.state)}, ${span ? lengthOf(span) : "not started"}, ${run.run_id}`;
        return (
          <Link
            key={run.run_id}
            to="/dags/$dagId/runs/$runId"
            params={{ dagId, runId: run.run_id }}
            className={classes.bar}
            title={text}
            aria-label={text}
          >
            <span
              data-running={run.state === "running" || undefined}
              style={{
                height: `${100 * Math.max(LEAST, span / longest)}%`,
                background: colorOf(run.state),
              }}
            />
          </Link>
        );
      })}
    </span>
  );
}

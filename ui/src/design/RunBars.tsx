import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { t } from "../language/language";
import { useNow } from "./clock";
import classes from "./design.module.css";
import { lengthOf, spanOf } from "./time.model";
import { colorOf, useStateLabel } from "./words";

type RunBar = Schemas["RunBar"];

const LEAST = 0.12;

/** The last runs as bars: as high as they took long, the newest on the right. They are too narrow to
 * be pressed one by one: together they lead to the list of runs. */
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
  if (shown.length === 0) return <span className={classes.quiet}>{t("No runs yet")}</span>;
  return (
    <Link
      to="/dags/$dagId"
      params={{ dagId }}
      search={{ tab: "runs" as const }}
      className={classes.bars}
      aria-label={t("Last runs of {dagId}: {part}", {
        dagId,
        part: shown.map((run) => label(run.state)).join(", "),
      })}
    >
      {shown.map((run, index) => {
        const span = spans[index] ?? 0;
        const text = `${label(run.state)}, ${span ? lengthOf(span) : t("not started")}, ${run.run_id}`;
        return (
          <span key={run.run_id} className={classes.bar} title={text}>
            <span
              data-running={run.state === "running" || undefined}
              style={{
                height: `${100 * Math.max(LEAST, span / longest)}%`,
                background: colorOf(run.state),
              }}
            />
          </span>
        );
      })}
    </Link>
  );
}

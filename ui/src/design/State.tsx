import classes from "./design.module.css";
import { colorOf, useStateLabel } from "./words";

/** A state as a coloured mark and its name. */
export function State({ state, count }: { state: string | null | undefined; count?: number }) {
  const label = useStateLabel();
  return (
    <span className={classes.state} style={{ color: colorOf(state) }}>
      <span
        className={classes.dot}
        data-running={state === "running" || undefined}
        style={{ background: colorOf(state) }}
        aria-hidden
      />
      {count === undefined ? label(state) : `${count} ${label(state).toLowerCase()}`}
    </span>
  );
}

import { useNow, useTimeStyle, useZone } from "./clock";
import classes from "./design.module.css";
import { absolute, ago, lengthOf, spanOf } from "./time.model";

/** How long ago, or until when, or the date where people want that; the other is the title. */
export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow();
  const zone = useZone();
  const style = useTimeStyle();
  if (!at) return <span>–</span>;
  if (style === "absolute") return <At at={at} />;
  const moment = Date.parse(at);
  return (
    <time dateTime={at} className={classes.moment} title={`${absolute(moment, zone)} (${zone})`}>
      {ago(moment, now)}
    </time>
  );
}

/** The exact time in the chosen zone. */
export function At({ at }: { at: string | null | undefined }) {
  const zone = useZone();
  const now = useNow();
  if (!at) return <span>–</span>;
  const moment = Date.parse(at);
  return (
    <time dateTime={at} title={`${ago(moment, now)} (${zone})`}>
      {absolute(moment, zone)}
    </time>
  );
}

/** How long something took, or has taken so far. */
export function Lasted({ from, to }: { from: string | null | undefined; to?: string | null }) {
  const now = useNow();
  const span = spanOf(from, to, now);
  return <span>{span === null ? "–" : lengthOf(span)}</span>;
}

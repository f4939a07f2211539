/** A backfill as people fill it in, and how far one has come. */
import type { Schemas } from "../api/client";
import { t } from "../language/language";

export type View = Schemas["BackfillView"];
export type Body = Schemas["BackfillPostBody"];
export type Reprocess = NonNullable<Body["reprocess_behavior"]>;

export interface Draft {
  dagId: string | null;
  from: number | null;
  to: number | null;
  isBackwards: boolean;
  reprocess: Reprocess;
  most: number;
  onLatest: boolean;
}

/** What is sent for a draft; null where something of it is missing. */
export function bodyOf(draft: Draft, conf: Record<string, unknown> | null): Body | null {
  if (draft.dagId === null || draft.from === null || draft.to === null) return null;
  if (draft.from > draft.to) return null;
  return {
    dag_id: draft.dagId,
    from_date: new Date(draft.from).toISOString(),
    to_date: new Date(draft.to).toISOString(),
    run_backwards: draft.isBackwards,
    reprocess_behavior: draft.reprocess,
    max_active_runs: draft.most,
    run_on_latest_version: draft.onLatest,
    dag_run_conf: conf && Object.keys(conf).length > 0 ? conf : null,
  };
}

export interface Part {
  /** The state whose colour it has. */
  state: string;
  label: string;
  count: number;
  /** Of the backfill's dates, in percent. */
  share: number;
}

const ORDER = ["success", "failed", "running", "queued"];

/** The dates of a backfill by what has become of them, those that wait last. */
export function partsOf(view: View, labelOf: (state: string) => string): Part[] {
  const share = (count: number) => (100 * count) / Math.max(1, view.total);
  const rank = (state: string) => (ORDER.indexOf(state) + ORDER.length + 1) % (ORDER.length + 1);
  const runs = Object.entries(view.runs)
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([state, count]) => ({ state, label: labelOf(state).toLowerCase(), count }));
  const skipped = Object.entries(view.skipped).map(([why, count]) => ({
    state: "skipped",
    label: t("left out: {why}", { why }),
    count,
  }));
  const waiting = { state: "none", label: t("waiting"), count: view.waiting };
  return [...runs, ...skipped, waiting]
    .filter((part) => part.count > 0)
    .map((part) => ({ ...part, share: share(part.count) }));
}

/** The dates that need no more work, in percent. */
export function doneOf(view: View): number {
  const over = (view.runs.success ?? 0) + (view.runs.failed ?? 0);
  const skipped = Object.values(view.skipped).reduce((sum, count) => sum + count, 0);
  return Math.round((100 * (over + skipped)) / Math.max(1, view.total));
}

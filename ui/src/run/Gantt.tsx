import { Group, Switch, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useMemo, useRef } from "react";
import type { Schemas } from "../api/client";
import { triesQuery } from "../api/queries";
import { worstOf } from "../dag/grid.model";
import { useNow, useZone } from "../design/clock";
import { Empty } from "../design/Feedback";
import { absolute, lengthOf } from "../design/time.model";
import { colorOf, useStateLabel } from "../design/words";
import { criticalPath } from "../graph/graph.model";
import { plural, t } from "../language/language";
import { Said } from "../language/Said";
import {
  type Bar,
  barsOf,
  type Earlier,
  earlierOf,
  first,
  gapsOf,
  marksOf,
  scaleOf,
} from "./gantt.model";
import classes from "./gantt.module.css";

type Tries = Schemas["TaskInstanceHistoryCollectionResponse"]["task_instances"];

const ROW = 26;
const MARKS = 5;
/** Of a shorter run the axis tells how long it has been under way, not the time of day. */
const SHORT_MS = 120_000;
const RUN = "/dags/$dagId/runs/$runId";

/** When each task waited and ran. */
export default function Gantt({
  dagId,
  runId,
  cells,
  edges,
}: {
  dagId: string;
  runId: string;
  cells: Schemas["CellPayload"][];
  edges: Schemas["EdgePayload"][];
}) {
  const isLive = cells.some((cell) => cell.start_date && !cell.end_date);
  const clock = useNow();
  const now = isLive ? clock : 0;
  const { path: showsPath = true, gaps: showsGaps = false } = useSearch({ from: RUN });
  const zone = useZone();
  const navigate = useNavigate({ from: RUN });
  const skipsGaps = !showsGaps;
  const earlier = useEarlier(dagId, runId, cells);
  const bars = useMemo(
    () => barsOf(cells, now, (cell) => worstOf(cell.states) ?? "none", earlier),
    [cells, now, earlier],
  );
  const path = useMemo(() => {
    const spans = new Map(
      bars.flatMap((bar) =>
        bar.start === null ? [] : [[bar.taskId, { start: bar.start, end: bar.end }] as const],
      ),
    );
    return criticalPath(edges, spans);
  }, [bars, edges]);
  const scroller = useRef<HTMLDivElement>(null);
  const down = useVirtualizer({
    count: bars.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  if (bars.length === 0) return <Empty title={t("No task has begun yet")} />;
  const gaps = gapsOf(bars);
  const scale = scaleOf(bars, skipsGaps ? gaps : []);
  const begin = Math.min(...bars.map(first));
  const end = Math.max(...bars.map((bar) => bar.end));
  return (
    <>
      <Group mb="xs">
        <Text size="sm">
          <Said text="{lengthOf} in all" lengthOf={lengthOf(end - begin)} />
        </Text>
        <Switch
          label={t("Critical path")}
          checked={showsPath}
          onChange={(event) => {
            const path = event.currentTarget.checked ? undefined : false;
            void navigate({ search: (old) => ({ ...old, path }), replace: true });
          }}
        />
        {gaps.length > 0 ? (
          <Switch
            label={t("Leave out {gaps}", {
              gaps: gaps.length === 1 ? t("the gap") : t("{part} gaps", { part: gaps.length }),
            })}
            checked={skipsGaps}
            onChange={(event) => {
              const gaps = event.currentTarget.checked ? undefined : true;
              void navigate({ search: (old) => ({ ...old, gaps }), replace: true });
            }}
          />
        ) : null}
      </Group>
      <div
        ref={scroller}
        className={classes.scroller}
        tabIndex={0}
        role="region"
        aria-label={t("Gantt")}
      >
        <div className={classes.axis} aria-hidden>
          <span className={classes.name} />
          <span className={classes.track}>
            {marksOf(bars, skipsGaps ? gaps : [], MARKS).map((moment, at) => (
              <span
                key={at}
                className={classes.mark}
                style={{ left: `${(100 * at) / MARKS}%` }}
                data-last={at === MARKS || undefined}
              >
                {end - begin < SHORT_MS
                  ? lengthOf(moment - begin)
                  : absolute(moment, zone).slice(11)}
              </span>
            ))}
          </span>
        </div>
        <div style={{ height: down.getTotalSize(), position: "relative" }}>
          {skipsGaps
            ? gaps.map((gap) => (
                <div
                  key={gap.from}
                  className={classes.gap}
                  style={{ left: `calc(var(--names) + (100% - var(--names)) * ${scale(gap.to)})` }}
                  title={t("{lengthOf} in which nothing ran", {
                    lengthOf: lengthOf(gap.to - gap.from),
                  })}
                />
              ))
            : null}
          {down.getVirtualItems().map((item) => {
            const bar = bars[item.index];
            if (!bar) return null;
            return (
              <div
                key={bar.taskId}
                className={classes.row}
                style={{ transform: `translateY(${item.start}px)`, height: ROW }}
              >
                <Line
                  dagId={dagId}
                  runId={runId}
                  bar={bar}
                  scale={scale}
                  isCritical={showsPath && path.has(bar.taskId)}
                />
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}

/** Of so many tasks at most the earlier tries are drawn: each costs a request. */
const MOST_TRIED_AGAIN = 40;

/** `{task: its tries before the latest}`, of tasks that are not mapped. */
function useEarlier(
  dagId: string,
  runId: string,
  cells: readonly Schemas["CellPayload"][],
): ReadonlyMap<string, readonly Earlier[]> {
  const triedAgain = useMemo(
    () =>
      cells
        .filter((cell) => (cell.try_number ?? 1) > 1 && !cell.is_mapped)
        .slice(0, MOST_TRIED_AGAIN)
        .map((cell) => cell.task_id),
    [cells],
  );
  return useQueries({
    queries: triedAgain.map((taskId) => triesQuery(dagId, runId, taskId, -1)),
    combine: useCallback(
      (asked: readonly { data?: { task_instances: Tries } | undefined }[]) =>
        new Map(
          triedAgain.map((taskId, at) => [
            taskId,
            earlierOf(asked[at]?.data?.task_instances ?? []),
          ]),
        ),
      [triedAgain],
    ),
  });
}

function Line({
  dagId,
  runId,
  bar,
  scale,
  isCritical,
}: {
  dagId: string;
  runId: string;
  bar: Bar;
  scale: (moment: number) => number;
  isCritical: boolean;
}) {
  const label = useStateLabel();
  const waited = bar.queued !== null && bar.start !== null ? bar.start - bar.queued : null;
  const ran = bar.start === null ? null : bar.end - bar.start;
  const text = [
    `${bar.taskId}: ${label(bar.state)}`,
    waited !== null && waited > 0 ? t("waited {length}", { length: lengthOf(waited) }) : null,
    ran === null ? t("waits") : t("ran {length}", { length: lengthOf(ran) }),
    bar.earlier.length > 0
      ? plural(bar.earlier.length, "{count} earlier try", "{count} earlier tries")
      : null,
  ]
    .filter((one) => one !== null)
    .join(", ");
  const part = (from: number, to: number) => ({
    left: `${100 * scale(from)}%`,
    width: `max(3px, ${100 * (scale(to) - scale(from))}%)`,
  });
  return (
    <Link
      to="/dags/$dagId/runs/$runId/tasks/$taskId"
      params={{ dagId, runId, taskId: bar.taskId }}
      className={classes.line}
      title={text}
      aria-label={text}
    >
      <span className={classes.name}>{bar.taskId}</span>
      <span className={classes.track}>
        {bar.earlier.map((one) => (
          <span
            key={one.start}
            className={classes.ran}
            data-earlier
            style={{ ...part(one.start, one.end), background: colorOf(one.state) }}
          />
        ))}
        {bar.queued !== null ? (
          <span className={classes.queued} style={part(bar.queued, bar.start ?? bar.end)} />
        ) : null}
        {bar.start !== null ? (
          <span
            className={classes.ran}
            data-critical={isCritical || undefined}
            style={{ ...part(bar.start, bar.end), background: colorOf(bar.state) }}
          />
        ) : null}
      </span>
    </Link>
  );
}

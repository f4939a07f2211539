import { ActionIcon, Group, Select, Text, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, useMemo, useRef } from "react";
import { gridQuery, structureQuery } from "../api/queries";
import { useNow } from "../design/clock";
import { Empty, Shown } from "../design/Feedback";
import { lengthOf, spanOf } from "../design/time.model";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { TriggerButton } from "../trigger/TriggerButton";
import { useFolded } from "./folded";
import {
  type Cell,
  type Column,
  countsText,
  FIRST_CELLS,
  type Node,
  type Row,
  RUNS_SHOWN,
  rowsOf,
  summed,
  tasksOfGroups,
  worstOf,
} from "./grid.model";
import classes from "./grid.module.css";

const ROW = 26;
// Neighbouring targets are 24 px apart at least (WCAG 2.2, 2.5.8).
const COLUMN = 26;
const NAME = 260;
const NAME_ON_A_PHONE = 150;

/** How wide the names of the tasks are. */
const useNameWidth = () => (useMediaQuery("(max-width: 36em)") ? NAME_ON_A_PHONE : NAME);
const HEAD = 92;

/** Runs by tasks. Only what is in view is drawn, in both directions. */
export function Grid({ dagId }: { dagId: string }) {
  const { count = RUNS_SHOWN } = useSearch({ from: "/dags/$dagId" });
  const structure = useQuery(structureQuery(dagId));
  const newest = useQuery({
    ...gridQuery(dagId, count, FIRST_CELLS),
    placeholderData: keepPreviousData,
  });
  const all = useQuery({ ...gridQuery(dagId, count), enabled: newest.data?.has_more === true });
  const grid = all.data && newest.data?.has_more ? all : newest;
  return (
    <Shown asked={structure} what={t("The tasks")}>
      {({ nodes }) => (
        <Shown asked={grid} what={t("The runs")}>
          {({ columns }) => <Whole dagId={dagId} nodes={nodes} columns={columns} />}
        </Shown>
      )}
    </Shown>
  );
}

function Whole({ dagId, nodes, columns }: { dagId: string; nodes: Node[]; columns: Column[] }) {
  const { find = "", count = RUNS_SHOWN } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const [folded, fold] = useFolded(dagId, nodes);
  const rows = useMemo(() => rowsOf(nodes, folded, find), [nodes, folded, find]);
  const groups = useMemo(() => tasksOfGroups(nodes), [nodes]);
  const shown = useMemo(() => [...columns].reverse(), [columns]);
  return (
    <>
      <Group mb="sm">
        <TextInput
          data-search
          aria-label={t("Find a task")}
          placeholder={t("Task  ( / )")}
          leftSection={<IconSearch size={15} />}
          value={find}
          onChange={(event) => {
            const text = event.currentTarget.value;
            void navigate({
              search: (old) => ({ ...old, find: text || undefined }),
              replace: true,
            });
          }}
        />
        <Select
          aria-label={t("How many runs")}
          data={["10", "25", "50", "100", "365"].map((one) => ({
            value: one,
            label: t("{one} runs", { one }),
          }))}
          value={String(count)}
          allowDeselect={false}
          onChange={(chosen) =>
            void navigate({ search: (old) => ({ ...old, count: Number(chosen) }), replace: true })
          }
          w={120}
        />
      </Group>
      {shown.length === 0 ? (
        <Empty title={t("This DAG has not run yet")}>
          <TriggerButton dagId={dagId} />
        </Empty>
      ) : (
        <Body dagId={dagId} rows={rows} columns={shown} groups={groups} onFold={fold} />
      )}
    </>
  );
}

function Body({
  dagId,
  rows,
  columns,
  groups,
  onFold,
}: {
  dagId: string;
  rows: Row[];
  columns: Column[];
  groups: Map<string, string[]>;
  onFold: (id: string) => void;
}) {
  const width = useNameWidth();
  const scroller = useRef<HTMLDivElement>(null);
  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    paddingStart: HEAD,
    overscan: 12,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => COLUMN,
    paddingStart: width,
    overscan: 8,
    initialOffset: () => columns.length * COLUMN,
  });
  const cells = useMemo(
    () => columns.map((column) => new Map(column.cells.map((cell) => [cell.task_id, cell]))),
    [columns],
  );
  const visible = across.getVirtualItems();
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="grid"
      aria-label={t("Runs by tasks")}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1}
      onKeyDown={moveFocus}
      tabIndex={-1}
    >
      <div
        className={classes.plane}
        style={{ height: down.getTotalSize(), width: across.getTotalSize() }}
      >
        <Heads dagId={dagId} columns={columns} visible={visible} />
        {down.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <div
              key={row.node.id}
              role="row"
              aria-rowindex={item.index + 2}
              tabIndex={-1}
              className={classes.row}
              style={{ transform: `translateY(${item.start}px)`, height: ROW }}
            >
              <Name row={row} onFold={onFold} />
              {visible.map((place) => (
                <Square
                  key={place.key}
                  dagId={dagId}
                  runId={columns[place.index]?.run.run_id ?? ""}
                  node={row.node}
                  start={place.start}
                  row={item.index}
                  column={place.index}
                  found={cellsOf(row.node, cells[place.index], groups)}
                />
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function cellsOf(
  node: Node,
  cells: Map<string, Cell> | undefined,
  groups: Map<string, string[]>,
): Cell | Cell[] | undefined {
  if (!node.is_group) return cells?.get(node.id);
  return (groups.get(node.id) ?? []).flatMap((id) => cells?.get(id) ?? []);
}

function Heads({
  dagId,
  columns,
  visible,
}: {
  dagId: string;
  columns: Column[];
  visible: { index: number; start: number; key: string | number | bigint }[];
}) {
  const now = useNow();
  const width = useNameWidth();
  const label = useStateLabel();
  const spans = columns.map(({ run }) => spanOf(run.start_date, run.end_date, now) ?? 0);
  const longest = Math.max(1, ...spans);
  return (
    <div role="row" tabIndex={-1} className={classes.heads} style={{ height: HEAD }}>
      <div role="columnheader" tabIndex={-1} className={classes.corner} style={{ width }}>
        <Text size="xs" c="dimmed">
          <Said text="longest {lengthOf}" lengthOf={lengthOf(longest)} />
        </Text>
      </div>
      {visible.map((place) => {
        const run = columns[place.index]?.run;
        if (!run) return null;
        const span = spans[place.index] ?? 0;
        const text = `${label(run.state)}, ${span ? lengthOf(span) : t("not started")}, ${run.run_id}`;
        return (
          <div
            key={place.key}
            role="columnheader"
            tabIndex={-1}
            className={classes.head}
            style={{ left: place.start, width: COLUMN }}
          >
            <Link
              to="/dags/$dagId/runs/$runId"
              params={{ dagId, runId: run.run_id }}
              title={text}
              aria-label={text}
              data-row={-1}
              data-column={place.index}
              className={classes.headLink}
            >
              <span
                data-running={run.state === "running" || undefined}
                style={{
                  height: `${Math.max(6, (100 * span) / longest)}%`,
                  background: colorOf(run.state),
                }}
              />
            </Link>
          </div>
        );
      })}
    </div>
  );
}

function Name({ row, onFold }: { row: Row; onFold: (id: string) => void }) {
  const { node } = row;
  const width = useNameWidth();
  return (
    <div
      role="rowheader"
      tabIndex={-1}
      className={classes.name}
      style={{ width, paddingLeft: 6 + row.depth * 14 }}
      title={node.tooltip || `${node.id}${node.operator ? ` (${node.operator})` : ""}`}
    >
      {row.hasChildren ? (
        <ActionIcon
          size={18}
          variant="transparent"
          color="gray"
          aria-label={
            row.isFolded
              ? t("Unfold {label}", { label: node.label })
              : t("Fold {label}", { label: node.label })
          }
          aria-expanded={!row.isFolded}
          onClick={() => onFold(node.id)}
        >
          {row.isFolded ? <IconChevronRight size={14} /> : <IconChevronDown size={14} />}
        </ActionIcon>
      ) : (
        <span style={{ width: 18 }} />
      )}
      <Text size="sm" truncate fw={node.is_group ? 600 : 400}>
        {node.label}
        {node.is_mapped ? " [ ]" : ""}
      </Text>
    </div>
  );
}

const Square = memo(function Square({
  dagId,
  runId,
  node,
  start,
  row,
  column,
  found,
}: {
  dagId: string;
  runId: string;
  node: Node;
  start: number;
  row: number;
  column: number;
  found: Cell | Cell[] | undefined;
}) {
  const label = useStateLabel();
  const states = Array.isArray(found) ? summed(found) : (found?.states ?? {});
  const state = worstOf(states);
  const text = `${node.label}: ${state === null ? t("not part of the run") : countsText(states, label)}`;
  const common = {
    title: text,
    "aria-label": `${text}, ${runId}`,
    "data-row": row,
    "data-column": column,
  };
  return (
    <div
      role="gridcell"
      tabIndex={-1}
      className={classes.cell}
      style={{ left: start, width: COLUMN }}
    >
      {state === null ? null : node.is_group ? (
        <Link
          to="/dags/$dagId/runs/$runId"
          params={{ dagId, runId }}
          search={{ find: node.id }}
          className={classes.group}
          style={{ borderColor: colorOf(state) }}
          {...common}
        />
      ) : (
        <Link
          to="/dags/$dagId/runs/$runId/tasks/$taskId"
          params={{ dagId, runId, taskId: node.id }}
          search={
            !Array.isArray(found) && found?.is_mapped ? { tab: "mapped" as const } : undefined
          }
          className={classes.square}
          data-running={state === "running" || undefined}
          data-mapped={(!Array.isArray(found) && found?.is_mapped) || undefined}
          style={{ background: state === "none" ? undefined : colorOf(state) }}
          {...common}
        />
      )}
    </div>
  );
});

const STEPS: Record<string, readonly [number, number]> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

/** The arrow keys go from square to square. */
function moveFocus(event: KeyboardEvent<HTMLDivElement>): void {
  const step = STEPS[event.key];
  const from = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
  if (!step || !from) return;
  const row = Number(from.dataset.row) + step[0];
  const column = Number(from.dataset.column) + step[1];
  const to = event.currentTarget.querySelector<HTMLElement>(
    `[data-row="${row}"][data-column="${column}"]`,
  );
  if (to) {
    event.preventDefault();
    to.focus();
  }
}

import { ActionIcon, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, memo, useCallback, useMemo, useRef } from "react";
import { useNow } from "../design/clock";
import { lengthOf, spanOf } from "../design/time.model";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import { Said } from "../language/Said";
import {
  type Cells,
  type Column,
  cellsOf,
  countsText,
  EMPTY_CELLS,
  type Found,
  foundIn,
  type Node,
  type Row,
  tasksOfGroups,
  worstOf,
} from "./grid.model";
import classes from "./grid.module.css";
import { addressOfCell, addressOfRun } from "./places.model";

const ROW = 26;
// Neighbouring targets are 24 px apart at least (WCAG 2.2, 2.5.8).
const COLUMN = 26;
const NAME = 260;
const NAME_ON_A_PHONE = 150;
const HEAD = 92;

type Label = (state: string | null | undefined) => string;

/** The squares. Only what is in view is drawn, in both directions, and only what is new in view is
 * drawn again: a square is a bare link, and the grid follows it. */
export function GridBody({
  dagId,
  nodes,
  rows,
  columns,
  onFold,
}: {
  dagId: string;
  nodes: Node[];
  rows: Row[];
  columns: Column[];
  onFold: (id: string) => void;
}) {
  const width = useMediaQuery("(max-width: 36em)") ? NAME_ON_A_PHONE : NAME;
  const label = useStateLabel();
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
  const groups = useMemo(() => tasksOfGroups(nodes), [nodes]);
  const cells = useMemo(() => columns.map(cellsOf), [columns]);
  const runIds = useMemo(() => columns.map(({ run }) => run.run_id), [columns]);
  const folding = useRef(onFold);
  folding.current = onFold;
  const fold = useCallback((id: string) => folding.current(id), []);
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
      onClick={useFollow(dagId, rows, columns)}
      tabIndex={-1}
    >
      <div
        className={classes.plane}
        style={{ height: down.getTotalSize(), width: across.getTotalSize() }}
      >
        <Heads dagId={dagId} columns={columns} visible={visible} width={width} label={label} />
        {down.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return row ? (
            <Line
              key={row.node.id}
              dagId={dagId}
              row={row}
              index={item.index}
              start={item.start}
              width={width}
              visible={visible}
              cells={cells}
              runIds={runIds}
              tasks={groups.get(row.node.id)}
              label={label}
              onFold={fold}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

/** Goes where a link in the grid leads, without leaving the app. */
function useFollow(dagId: string, rows: Row[], columns: Column[]) {
  const navigate = useNavigate();
  return (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    const link = (event.target as HTMLElement).closest<HTMLElement>("a[data-row]");
    const column = columns[Number(link?.dataset.column)];
    if (!link || !column) return;
    event.preventDefault();
    const runId = column.run.run_id;
    const node = rows[Number(link.dataset.row)]?.node;
    if (!node || node.is_group) {
      const search = node ? { find: node.id } : undefined;
      void navigate({ to: "/dags/$dagId/runs/$runId", params: { dagId, runId }, search });
      return;
    }
    void navigate({
      to: "/dags/$dagId/runs/$runId/tasks/$taskId",
      params: { dagId, runId, taskId: node.id },
      search: link.dataset.mapped ? { tab: "mapped" } : undefined,
    });
  };
}

const Line = memo(function Line({
  dagId,
  row,
  index,
  start,
  width,
  visible,
  cells,
  runIds,
  tasks,
  label,
  onFold,
}: {
  dagId: string;
  row: Row;
  index: number;
  start: number;
  width: number;
  visible: VirtualItem[];
  cells: Cells[];
  runIds: string[];
  tasks: string[] | undefined;
  label: Label;
  onFold: (id: string) => void;
}) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      tabIndex={-1}
      className={classes.row}
      style={{ transform: `translateY(${start}px)`, height: ROW }}
    >
      <Name row={row} width={width} onFold={onFold} />
      {visible.map((place) => (
        <Square
          key={place.key}
          dagId={dagId}
          runId={runIds[place.index] ?? ""}
          node={row.node}
          start={place.start}
          row={index}
          column={place.index}
          found={foundIn(cells[place.index] ?? EMPTY_CELLS, row.node, tasks)}
          label={label}
        />
      ))}
    </div>
  );
});

const Heads = memo(function Heads({
  dagId,
  columns,
  visible,
  width,
  label,
}: {
  dagId: string;
  columns: Column[];
  visible: VirtualItem[];
  width: number;
  label: Label;
}) {
  const now = useNow();
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
            <a
              href={addressOfRun(dagId, run.run_id)}
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
            </a>
          </div>
        );
      })}
    </div>
  );
});

function Name({ row, width, onFold }: { row: Row; width: number; onFold: (id: string) => void }) {
  const { node } = row;
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
        <span className={classes.indent} />
      )}
      <span className={classes.label} data-group={node.is_group || undefined}>
        {node.label}
        {node.is_mapped ? " [ ]" : ""}
      </span>
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
  label,
}: {
  dagId: string;
  runId: string;
  node: Node;
  start: number;
  row: number;
  column: number;
  found: Found;
  label: Label;
}) {
  const state = worstOf(found.states);
  const isMapped = !node.is_group && found.is_mapped === true;
  const text = `${node.label}: ${state === null ? t("not part of the run") : countsText(found.states, label)}`;
  return (
    <div
      role="gridcell"
      tabIndex={-1}
      className={classes.cell}
      style={{ left: start, width: COLUMN }}
    >
      {state === null ? null : (
        // biome-ignore lint/a11y/useAnchorContent: a square is all colour, and its label says it
        <a
          href={addressOfCell(dagId, runId, node, isMapped)}
          className={node.is_group ? classes.group : classes.square}
          data-running={(!node.is_group && state === "running") || undefined}
          data-mapped={isMapped || undefined}
          style={
            node.is_group
              ? { borderColor: colorOf(state) }
              : { background: state === "none" ? undefined : colorOf(state) }
          }
          title={text}
          aria-label={`${text}, ${runId}`}
          data-row={row}
          data-column={column}
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

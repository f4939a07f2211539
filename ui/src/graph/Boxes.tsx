/** How tasks, groups and lines with labels are drawn in a graph. */
import { ActionIcon } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import {
  BaseEdge,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getSmoothStepPath,
  Handle,
  type Node,
  type NodeProps,
  Position,
} from "@xyflow/react";
import { countsText, worstOf } from "../dag/grid.model";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import { assetIn } from "./assets.model";
import type { Drawn } from "./graph.model";
import classes from "./graph.module.css";
import type { Direction, Place } from "./layout";

interface Data extends Record<string, unknown> {
  drawn: Drawn;
  direction: Direction;
  isFound: boolean;
  isCritical: boolean;
  onFold: (id: string) => void;
}

export type Box = Node<Data>;
export type Labelled = Edge<{ place: Place | undefined }>;

function Ends({ direction }: { direction: Direction }) {
  const isRight = direction === "RIGHT";
  return (
    <>
      <Handle type="target" position={isRight ? Position.Left : Position.Top} />
      <Handle type="source" position={isRight ? Position.Right : Position.Bottom} />
    </>
  );
}

export function TaskBox({ data }: NodeProps<Box>) {
  const label = useStateLabel();
  const { node, states } = data.drawn;
  const state = states && worstOf(states);
  return (
    <div
      className={classes.task}
      data-asset={assetIn(node.id) !== null || undefined}
      data-found={data.isFound || undefined}
      data-critical={data.isCritical || undefined}
      data-mapped={node.is_mapped || undefined}
      style={{ borderLeftColor: state ? colorOf(state) : undefined }}
      title={node.id}
    >
      <Ends direction={data.direction} />
      <div className={classes.title}>
        {node.is_group ? (
          <ActionIcon
            size={18}
            variant="transparent"
            color="gray"
            aria-label={t("Unfold {label}", { label: node.label })}
            onClick={() => data.onFold(node.id)}
          >
            <IconChevronRight size={14} />
          </ActionIcon>
        ) : null}
        <span>
          {node.label}
          {node.is_mapped ? " [ ]" : ""}
        </span>
      </div>
      <div className={classes.about} style={{ color: state ? colorOf(state) : undefined }}>
        {states && state ? countsText(states, label) : (node.operator ?? t("Task group"))}
        {node.is_setup ? t(" · setup") : node.is_teardown ? t(" · teardown") : ""}
      </div>
    </div>
  );
}

export function GroupBox({ data }: NodeProps<Box>) {
  const { node, states } = data.drawn;
  const state = states && worstOf(states);
  return (
    <div
      className={classes.group}
      data-found={data.isFound || undefined}
      style={{ borderColor: state ? colorOf(state) : undefined }}
    >
      <Ends direction={data.direction} />
      <div className={classes.title}>
        <ActionIcon
          size={18}
          variant="transparent"
          color="gray"
          aria-label={t("Fold {label}", { label: node.label })}
          onClick={() => data.onFold(node.id)}
        >
          <IconChevronDown size={14} />
        </ActionIcon>
        <span>
          {node.label}
          {node.is_mapped ? " [ ]" : ""}
        </span>
      </div>
    </div>
  );
}

/** A line that goes through its label, where the layout has made room for that. */
export function LabelledLine(line: EdgeProps<Labelled>) {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, label, data } = line;
  const ends = { sourcePosition, targetPosition };
  const [straight, middleX, middleY] = getSmoothStepPath({
    ...ends,
    sourceX,
    sourceY,
    targetX,
    targetY,
  });
  const place = data?.place;
  const x = place ? place.x + place.width / 2 : middleX;
  const y = place ? place.y + place.height / 2 : middleY;
  const first = { ...ends, sourceX, sourceY, targetX: x, targetY: y };
  const second = { ...ends, sourceX: x, sourceY: y, targetX, targetY };
  const path = place ? `${getSmoothStepPath(first)[0]} ${getSmoothStepPath(second)[0]}` : straight;
  return (
    <>
      <BaseEdge id={line.id} path={path} style={line.style} markerEnd={line.markerEnd} />
      <EdgeLabelRenderer>
        <div
          className={classes.label}
          title={String(label)}
          style={{
            transform: `translate(-50%, -50%) translate(${x}px, ${y}px)`,
            maxWidth: place?.width,
          }}
        >
          {label}
        </div>
      </EdgeLabelRenderer>
    </>
  );
}

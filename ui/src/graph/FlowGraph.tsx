import "@xyflow/react/dist/style.css";
import {
  ActionIcon,
  Group,
  SegmentedControl,
  Switch,
  TextInput,
  useComputedColorScheme,
} from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { assetsOfDagQuery } from "../assets/queries";
import { useFolded } from "../dag/folded";
import { countsText, worstOf } from "../dag/grid.model";
import { Shown } from "../design/Feedback";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { assetIn, withAssets } from "./assets.model";
import { criticalPath, type Drawn, drawingOf, type Span } from "./graph.model";
import classes from "./graph.module.css";
import { type Direction, layoutOf, MANY_NODES, type Place } from "./layout";
import { useGraphView, useShowsAssets } from "./view";

interface Data extends Record<string, unknown> {
  drawn: Drawn;
  direction: Direction;
  isFound: boolean;
  isCritical: boolean;
  onFold: (id: string) => void;
}

type Box = Node<Data>;

interface Props {
  dagId: string;
  structure: Schemas["StructureResponse"];
  /** The tasks of the run that is looked at. */
  cells?: Schemas["CellPayload"][];
  find: string;
  onFind: (text: string) => void;
  onOpen?: (taskId: string, isMapped: boolean) => void;
}

/** A DAG's tasks and how they follow one another; groups fold. */
export function FlowGraph({ dagId, structure: bare, cells, find, onFind, onOpen }: Props) {
  const [{ direction: turned, path: showsPath = false }, change] = useGraphView();
  const direction: Direction = turned === "down" ? "DOWN" : "RIGHT";
  const [showsAssets, showAssets] = useShowsAssets();
  const { may } = useSession();
  const assets = useQuery({ ...assetsOfDagQuery(dagId), enabled: may("read", "asset") });
  const navigate = useNavigate();
  const structure = useMemo(
    () => (showsAssets && assets.data ? withAssets(bare, assets.data.assets) : bare),
    [bare, showsAssets, assets.data],
  );
  const [folded, fold] = useFolded(dagId, structure.nodes);
  const scheme = useComputedColorScheme("light");
  const { nodes, edges } = structure;
  const byTask = useMemo(
    () => (cells ? new Map(cells.map((cell) => [cell.task_id, cell])) : null),
    [cells],
  );
  const drawing = useMemo(
    () => drawingOf(nodes, edges, folded, byTask),
    [nodes, edges, folded, byTask],
  );
  const path = useMemo(
    () => (showsPath && cells ? criticalPath(edges, spansOf(cells)) : new Set<string>()),
    [showsPath, edges, cells],
  );
  const key = `${direction} ${drawing.nodes.map((one) => one.id + one.isOpen).join()}`;
  const isLarge = drawing.nodes.length > MANY_NODES;
  const layout = useQuery({
    queryKey: ["layout", dagId, structure.version_number, key],
    queryFn: () => layoutOf(drawing, direction),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <>
      <Group mb="xs">
        <TextInput
          data-search
          aria-label={t("Find a task")}
          placeholder={t("Task  ( / )")}
          leftSection={<IconSearch size={15} />}
          value={find}
          onChange={(event) => onFind(event.currentTarget.value)}
        />
        <SegmentedControl
          aria-label={t("Direction")}
          data={[
            { value: "RIGHT", label: t("Left to right") },
            { value: "DOWN", label: t("Top down") },
          ]}
          value={direction}
          onChange={(chosen) => change({ direction: chosen === "DOWN" ? "down" : undefined })}
        />
        {assets.data && assets.data.assets.length > 0 ? (
          <Switch
            label={t("Assets")}
            checked={showsAssets}
            onChange={(event) => showAssets(event.currentTarget.checked)}
          />
        ) : null}
        {cells ? (
          <Switch
            label={t("Critical path")}
            checked={showsPath}
            onChange={(event) => change({ path: event.currentTarget.checked || undefined })}
          />
        ) : null}
      </Group>
      <div className={classes.canvas}>
        <Shown asked={layout} what={t("The graph")}>
          {(places) => (
            <ReactFlow<Box>
              key={key}
              nodes={drawing.nodes.flatMap((drawn): Box[] => {
                const place = places.get(drawn.id);
                if (!place) return [];
                return [
                  {
                    id: drawn.id,
                    type: drawn.isOpen ? "group_box" : "task",
                    position: { x: place.x, y: place.y },
                    parentId: drawn.parent ?? undefined,
                    width: place.width,
                    height: place.height,
                    handles: handlesOf(place, direction),
                    ariaLabel: drawn.node.label,
                    data: {
                      drawn,
                      direction,
                      isFound: find !== "" && drawn.id.toLowerCase().includes(find.toLowerCase()),
                      isCritical: path.has(drawn.id),
                      onFold: fold,
                    },
                  },
                ];
              })}
              edges={drawing.lines.map(
                (line): Edge => ({
                  ...line,
                  label: line.label ?? undefined,
                  type: "smoothstep",
                  animated: path.has(line.source) && path.has(line.target),
                  className: path.has(line.source) && path.has(line.target) ? classes.hot : "",
                }),
              )}
              nodeTypes={NODE_TYPES}
              colorMode={scheme}
              fitView={!isLarge}
              defaultViewport={isLarge ? AT_THE_BEGINNING : undefined}
              minZoom={0.05}
              nodesDraggable={false}
              nodesConnectable={false}
              onlyRenderVisibleElements={isLarge}
              onNodeClick={(_, { data }) => {
                const { node } = data.drawn;
                const assetId = assetIn(node.id);
                if (assetId !== null) {
                  void navigate({ to: "/assets/$assetId", params: { assetId } });
                } else if (!node.is_group) onOpen?.(node.id, node.is_mapped === true);
              }}
            >
              <Background gap={20} />
              <Controls showInteractive={false} />
              {drawing.nodes.length > 20 && drawing.nodes.length < MOST_IN_MAP ? (
                <MiniMap pannable zoomable />
              ) : null}
            </ReactFlow>
          )}
        </Shown>
      </div>
    </>
  );
}

/** A large graph begins at its first tasks, as large as they can be read. */
const AT_THE_BEGINNING = { x: 40, y: 40, zoom: 0.7 };
const MOST_IN_MAP = 1500;

/** Where lines begin and end, so that nothing has to be measured before they are drawn. */
function handlesOf({ width, height }: Place, direction: Direction): Box["handles"] {
  const isRight = direction === "RIGHT";
  const at = (type: "source" | "target", position: Position, x: number, y: number) => ({
    type,
    position,
    x,
    y,
    width: 1,
    height: 1,
  });
  return isRight
    ? [at("target", Position.Left, 0, height / 2), at("source", Position.Right, width, height / 2)]
    : [at("target", Position.Top, width / 2, 0), at("source", Position.Bottom, width / 2, height)];
}

function spansOf(cells: Schemas["CellPayload"][]): Map<string, Span> {
  const now = Date.now();
  return new Map(
    cells.flatMap((cell) =>
      cell.start_date
        ? [
            [
              cell.task_id,
              {
                start: Date.parse(cell.start_date),
                end: cell.end_date ? Date.parse(cell.end_date) : now,
              },
            ] as const,
          ]
        : [],
    ),
  );
}

function Ends({ direction }: { direction: Direction }) {
  const isRight = direction === "RIGHT";
  return (
    <>
      <Handle type="target" position={isRight ? Position.Left : Position.Top} />
      <Handle type="source" position={isRight ? Position.Right : Position.Bottom} />
    </>
  );
}

function TaskBox({ data }: NodeProps<Box>) {
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

function GroupBox({ data }: NodeProps<Box>) {
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

const NODE_TYPES = { task: TaskBox, group_box: GroupBox };

import "@xyflow/react/dist/style.css";
import { Group, SegmentedControl, Switch, TextInput, useComputedColorScheme } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Background, Controls, MiniMap, Position, ReactFlow } from "@xyflow/react";
import { useDeferredValue, useMemo, useRef } from "react";
import type { Schemas } from "../api/client";
import { assetsOfDagQuery } from "../assets/queries";
import { useFolded } from "../dag/folded";
import { Shown } from "../design/Feedback";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { assetIn, withAssets } from "./assets.model";
import { type Box, GroupBox, type Labelled, LabelledLine, TaskBox } from "./Boxes";
import { criticalPath, type Drawing, drawingOf, type Span } from "./graph.model";
import classes from "./graph.module.css";
import { type Direction, layoutAtHand, layoutOf, MANY_NODES, type Place } from "./layout";
import { useGraphView, useShowsAssets } from "./view";

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
    () => (showsAssets && assets.data?.assets.length ? withAssets(bare, assets.data.assets) : bare),
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
  const key = useMemo(() => {
    const shown = nodes.filter((one) => assetIn(one.id) !== null).map((one) => one.id);
    return [direction, ...shown, "-", ...folded].join(" ");
  }, [direction, nodes, folded]);
  const isLarge = drawing.nodes.length > MANY_NODES;
  const layout = useQuery({
    queryKey: ["layout", dagId, structure.version_number, key],
    queryFn: () => layoutOf(drawing, direction),
    initialData: () => layoutAtHand(drawing, direction) ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const places = layout.data;
  // A map of a thousand tasks takes as long to draw as all the rest, which is shown first.
  const hasMap = useDeferredValue(places !== undefined, false);
  const folding = useRef(fold);
  folding.current = fold;
  const boxes = useMemo(
    () => (places ? boxesOf(drawing, places, direction, find, path, folding) : []),
    [drawing, places, direction, find, path],
  );
  const lines = useMemo(
    () => (places ? linesOf(drawing, places, path) : []),
    [drawing, places, path],
  );
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
          {() => (
            <ReactFlow<Box, Labelled>
              key={key}
              nodes={boxes}
              edges={lines}
              nodeTypes={NODE_TYPES}
              edgeTypes={EDGE_TYPES}
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
              {hasMap && drawing.nodes.length > 20 && drawing.nodes.length < MOST_IN_MAP ? (
                <MiniMap pannable zoomable />
              ) : null}
            </ReactFlow>
          )}
        </Shown>
      </div>
    </>
  );
}

function boxesOf(
  drawing: Drawing,
  places: ReadonlyMap<string, Place>,
  direction: Direction,
  find: string,
  path: ReadonlySet<string>,
  folding: { readonly current: (id: string) => void },
): Box[] {
  const wanted = find.toLowerCase();
  const onFold = (id: string) => folding.current(id);
  return drawing.nodes.flatMap((drawn): Box[] => {
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
          isFound: wanted !== "" && drawn.id.toLowerCase().includes(wanted),
          isCritical: path.has(drawn.id),
          onFold,
        },
      },
    ];
  });
}

function linesOf(
  drawing: Drawing,
  places: ReadonlyMap<string, Place>,
  path: ReadonlySet<string>,
): Labelled[] {
  return drawing.lines.map((line): Labelled => {
    const isCritical = path.has(line.source) && path.has(line.target);
    return {
      id: line.id,
      source: line.source,
      target: line.target,
      label: line.label ?? undefined,
      type: line.label === null ? "smoothstep" : "labelled",
      data: { place: places.get(line.id) },
      animated: isCritical,
      className: isCritical ? classes.hot : "",
    };
  });
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

const NODE_TYPES = { task: TaskBox, group_box: GroupBox };
const EDGE_TYPES = { labelled: LabelledLine };

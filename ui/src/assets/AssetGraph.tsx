import "@xyflow/react/dist/style.css";
import { Group, Text, useComputedColorScheme } from "@mantine/core";
import { IconDatabase, IconSitemap, IconTag } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import { useMemo, useState } from "react";
import { Empty, Shown } from "../design/Feedback";
import classes from "../graph/graph.module.css";
import { layoutOf } from "../graph/layout";
import { t } from "../language/language";
import { Said } from "../language/Said";
import type { Asset, AssetMap, Place } from "./assets.model";
import { lineageOf, mapOf } from "./assets.model";
import { allAssetsQuery } from "./queries";

interface Data extends Record<string, unknown> {
  place: Place;
  isFound: boolean;
  isQuiet: boolean;
}

type Box = Node<Data>;

/** Assets and the DAGs around them, across all DAGs. */
export default function AssetGraph({ find }: { find: string }) {
  const asked = useQuery(allAssetsQuery);
  return (
    <Shown asked={asked} what={t("The assets")}>
      {({ assets, total }) =>
        assets.length === 0 ? (
          <Empty title={t("There is no asset yet")}>
            <Said text="Tasks that have {code} make them." code={<code>outlets=[Asset(…)]</code>} />
          </Empty>
        ) : (
          <>
            {assets.length < total ? (
              <Text size="sm" mb="xs">
                <Said
                  text="The first {part} of {total} assets are drawn."
                  part={assets.length}
                  total={total}
                />
              </Text>
            ) : null}
            <Drawn assets={assets} find={find} />
          </>
        )
      }
    </Shown>
  );
}

function Drawn({ assets, find }: { assets: Asset[]; find: string }) {
  const map = useMemo(() => mapOf(assets), [assets]);
  const [over, setOver] = useState<string | null>(null);
  const lineage = useMemo(() => (over === null ? null : lineageOf(map.drawing, over)), [map, over]);
  const scheme = useComputedColorScheme("light");
  const navigate = useNavigate();
  const key = map.drawing.lines.map((line) => line.id).join() + map.places.size;
  const layout = useQuery({
    queryKey: ["layout", "assets", key],
    queryFn: () => layoutOf(map.drawing, "RIGHT"),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const open = ({ kind, key: name }: Place) => {
    if (kind === "asset") void navigate({ to: "/assets/$assetId", params: { assetId: name } });
    if (kind === "dag") void navigate({ to: "/dags/$dagId", params: { dagId: name } });
  };
  return (
    <>
      <Group gap="md" mb="xs">
        {Object.entries(KINDS).map(([kind, { Icon, label }]) => (
          <Group key={kind} gap={4}>
            <Icon size={15} aria-hidden />
            <Text size="xs">{label}</Text>
          </Group>
        ))}
        <Text size="xs" c="dimmed">
          {t("A dashed line: the DAG reads the asset and is not started by it.")}
        </Text>
      </Group>
      <div className={classes.canvas}>
        <Shown asked={layout} what={t("The graph")}>
          {(places) => (
            <ReactFlow<Box>
              key={key}
              nodes={map.drawing.nodes.flatMap(({ id }): Box[] => {
                const at = places.get(id);
                const place = map.places.get(id);
                if (!at || !place) return [];
                return [
                  {
                    id,
                    type: "place",
                    position: { x: at.x, y: at.y },
                    width: at.width,
                    height: at.height,
                    ariaLabel: `${KINDS[place.kind].label} ${place.label}`,
                    data: {
                      place,
                      isFound:
                        find !== "" && place.label.toLowerCase().includes(find.toLowerCase()),
                      isQuiet: lineage !== null && !lineage.has(id),
                    },
                  },
                ];
              })}
              edges={edgesOf(map, lineage)}
              nodeTypes={NODE_TYPES}
              colorMode={scheme}
              fitView
              minZoom={0.05}
              nodesDraggable={false}
              nodesConnectable={false}
              onlyRenderVisibleElements={map.drawing.nodes.length > 400}
              onNodeClick={(_, { data }) => open(data.place)}
              onNodeMouseEnter={(_, { id }) => setOver(id)}
              onNodeMouseLeave={() => setOver(null)}
            >
              <Background gap={20} />
              <Controls showInteractive={false} />
              {map.drawing.nodes.length > 20 ? <MiniMap pannable zoomable /> : null}
            </ReactFlow>
          )}
        </Shown>
      </div>
    </>
  );
}

function edgesOf(map: AssetMap, lineage: Set<string> | null): Edge[] {
  return map.drawing.lines.map((line) => ({
    ...line,
    label: undefined,
    type: "smoothstep",
    markerEnd: { type: MarkerType.ArrowClosed },
    style: {
      strokeDasharray: map.reads.has(line.id) ? "5 4" : undefined,
      opacity: lineage === null || (lineage.has(line.source) && lineage.has(line.target)) ? 1 : 0.2,
    },
  }));
}

const KINDS = {
  asset: { Icon: IconDatabase, label: t("Asset"), color: "var(--state-running)" },
  dag: { Icon: IconSitemap, label: t("DAG"), color: "var(--state-deferred)" },
  alias: { Icon: IconTag, label: t("Alias"), color: "var(--state-skipped)" },
} as const;

function PlaceBox({ data }: NodeProps<Box>) {
  const { place, isFound, isQuiet } = data;
  const { Icon, color } = KINDS[place.kind];
  return (
    <div
      className={classes.task}
      data-found={isFound || undefined}
      style={{ borderLeftColor: color, opacity: isQuiet ? 0.35 : 1 }}
      title={place.about}
    >
      <Handle type="target" position={Position.Left} />
      <Handle type="source" position={Position.Right} />
      <div className={classes.title}>
        <Icon size={14} aria-hidden />
        <span>{place.label}</span>
      </div>
      <div className={classes.about}>{place.about}</div>
    </div>
  );
}

const NODE_TYPES = { place: PlaceBox };

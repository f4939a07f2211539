/** The assets around a DAG, as further nodes of its graph: what starts it, what its tasks make and
 * what they read. */
import type { Schemas } from "../api/client";
import { t } from "../language/language";

type Asset = Schemas["AssetResponse"];
type Structure = Schemas["StructureResponse"];

/** Begins the ids of nodes that are assets; no task's id has a space. */
const PREFIX = "asset ";

/** The asset's number where the node is one. */
export function assetIn(nodeId: string): string | null {
  return nodeId.startsWith(PREFIX) ? nodeId.slice(PREFIX.length) : null;
}

/** The graph with the assets in it. */
export function withAssets(structure: Structure, assets: readonly Asset[]): Structure {
  const { dag_id: dagId, nodes, edges } = structure;
  const tasks = new Set(nodes.filter((one) => !one.is_group).map((one) => one.id));
  const behind = new Set(edges.map((edge) => edge.target));
  const first = [...tasks].filter((id) => !behind.has(id));
  const boxes = new Map<string, Structure["nodes"][number]>();
  const lines: Structure["edges"] = [];
  const put = ({ id, name }: Asset): string => {
    const box = `${PREFIX}${id}`;
    boxes.set(box, { id: box, label: name, operator: "Asset" });
    return box;
  };
  for (const asset of assets) {
    if (asset.scheduled_dags.some((one) => one.dag_id === dagId)) {
      const source = put(asset);
      for (const target of first) lines.push({ source, target });
    }
    for (const { dag_id, task_id } of asset.producing_tasks) {
      if (dag_id === dagId && tasks.has(task_id))
        lines.push({ source: task_id, target: put(asset) });
    }
    for (const { dag_id, task_id } of asset.consuming_tasks) {
      if (dag_id !== dagId || !tasks.has(task_id)) continue;
      // What the DAG makes and reads itself would make a circle.
      const source = put(asset);
      const isMade = lines.some((line) => line.target === source);
      if (!isMade) lines.push({ source, target: task_id, label: t("reads") });
    }
  }
  return { ...structure, nodes: [...boxes.values(), ...nodes], edges: [...edges, ...lines] };
}

/** Assets and DAGs as one graph: who makes an asset, and whom it starts. */
import type { Schemas } from "../api/client";
import type { Drawing, Drawn, Line } from "../graph/graph.model";
import { t } from "../language/language";

export type Asset = Schemas["AssetResponse"];

export type Kind = "asset" | "dag" | "alias";

export interface Place {
  kind: Kind;
  /** The number of an asset, or the name of a DAG or an alias. */
  key: string;
  label: string;
  about: string;
}

export interface AssetMap {
  drawing: Drawing;
  /** `{id of a node: what it is}`. */
  places: Map<string, Place>;
  /** Lines to DAGs that read the asset without being started by it. */
  reads: Set<string>;
}

/** The graph of these assets: DAGs lead to what they make, and assets to the DAGs that they start
 * or that read them. */
export function mapOf(assets: readonly Asset[]): AssetMap {
  const places = new Map<string, Place>();
  const lines = new Map<string, Line>();
  const reads = new Set<string>();
  const dag = (dagId: string) => {
    const id = `dag ${dagId}`;
    if (!places.has(id)) places.set(id, { kind: "dag", key: dagId, label: dagId, about: t("DAG") });
    return id;
  };
  const line = (source: string, target: string, label: string | null = null) => {
    const id = `${source}→${target}`;
    if (!lines.has(id)) lines.set(id, { id, source, target, label });
    return id;
  };
  for (const asset of assets) {
    const id = `asset ${asset.id}`;
    places.set(id, {
      kind: "asset",
      key: String(asset.id),
      label: asset.name,
      about: asset.uri === asset.name ? asset.group : asset.uri,
    });
    for (const { dag_id } of asset.producing_tasks) line(dag(dag_id), id);
    for (const { dag_id } of asset.scheduled_dags) line(id, dag(dag_id));
    for (const { dag_id } of asset.consuming_tasks) {
      const to = dag(dag_id);
      if (!lines.has(`${id}→${to}`)) reads.add(line(id, to, "reads"));
    }
    for (const alias of asset.aliases) {
      const from = `alias ${alias.name}`;
      places.set(from, { kind: "alias", key: alias.name, label: alias.name, about: t("Alias") });
      line(from, id);
    }
  }
  const nodes = [...places].map(([id, place]): Drawn => drawn(id, place.label));
  return { drawing: { nodes, lines: [...lines.values()] }, places, reads };
}

function drawn(id: string, label: string): Drawn {
  const node = { id, label, parent_id: null, is_group: false, is_mapped: false };
  return { id, node, parent: null, isOpen: false, states: null };
}

/** Everything that stands before or behind a node, and itself. */
export function lineageOf(drawing: Drawing, start: string): Set<string> {
  const found = new Set<string>();
  const follow = (from: "source" | "target", to: "source" | "target") => {
    const seen = new Set([start]);
    const left = [start];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      found.add(at);
      for (const line of drawing.lines) {
        if (line[from] === at && !seen.has(line[to])) {
          seen.add(line[to]);
          left.push(line[to]);
        }
      }
    }
  };
  follow("source", "target");
  follow("target", "source");
  return found;
}

/** A JSON object that was typed. Throws an `Error` that says what is wrong with it. */
export function objectTyped(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(t("This is not JSON: {why}", { why: (error as Error).message }));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(t('This must be a JSON object, like {"rows": 3}'));
  }
  return value as Record<string, unknown>;
}

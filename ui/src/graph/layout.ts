/** Where everything stands, worked out and remembered: by ELK in a worker, or at once where there is
 * so much of it that ELK would take seconds. */
import ELK, { type ElkNode } from "elkjs/lib/elk-api";
import Worker from "elkjs/lib/elk-worker.min.js?worker";
import type { Drawing } from "./graph.model";
import { type Direction, inLayers, type Place } from "./layers.model";

export type { Direction, Place };

export const WIDTH = 200;
export const HEIGHT = 54;
const TOP = 34;

/** From so many nodes on, ELK is not asked. */
export const MANY_NODES = 250;
const SIZES = { width: WIDTH, height: HEIGHT, layerGap: 56, nodeGap: 22, padding: 14, title: TOP };

let elk: InstanceType<typeof ELK> | undefined;
const remembered = new Map<string, Promise<Map<string, Place>>>();
const MOST = 30;

/** `{id: place}`; the place of what is in a group counts from the group's corner. */
export function layoutOf(drawing: Drawing, direction: Direction): Promise<Map<string, Place>> {
  const key = JSON.stringify([
    direction,
    drawing.nodes.map((one) => [one.id, one.parent, one.isOpen]),
    drawing.lines.map((one) => one.id),
  ]);
  let found = remembered.get(key);
  if (!found) {
    found =
      drawing.nodes.length > MANY_NODES
        ? Promise.resolve(inLayers(drawing, direction, SIZES))
        : arranged(drawing, direction);
    remembered.set(key, found);
    const oldest = remembered.keys().next().value;
    if (remembered.size > MOST && oldest !== undefined) remembered.delete(oldest);
  }
  return found;
}

async function arranged(drawing: Drawing, direction: Direction): Promise<Map<string, Place>> {
  const nodes = new Map<string, ElkNode>();
  const root: ElkNode = {
    id: "\u0000root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": direction,
      "elk.hierarchyHandling": "INCLUDE_CHILDREN",
      "elk.layered.spacing.nodeNodeBetweenLayers": "56",
      "elk.spacing.nodeNode": "22",
      "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: [],
    edges: drawing.lines.map(({ id, source, target }) => ({
      id,
      sources: [source],
      targets: [target],
    })),
  };
  for (const { id, parent, isOpen } of drawing.nodes) {
    const node: ElkNode = isOpen
      ? {
          id,
          children: [],
          layoutOptions: { "elk.padding": `[top=${TOP},left=14,bottom=14,right=14]` },
        }
      : { id, width: WIDTH, height: HEIGHT };
    nodes.set(id, node);
    const around = parent === null ? root : (nodes.get(parent) ?? root);
    around.children?.push(node);
  }
  elk ??= new ELK({ workerFactory: () => new Worker() });
  const done = await elk.layout(root);
  const places = new Map<string, Place>();
  const collect = (node: ElkNode): void => {
    for (const child of node.children ?? []) {
      places.set(child.id, {
        x: child.x ?? 0,
        y: child.y ?? 0,
        width: child.width ?? WIDTH,
        height: child.height ?? HEIGHT,
      });
      collect(child);
    }
  };
  collect(done);
  return places;
}

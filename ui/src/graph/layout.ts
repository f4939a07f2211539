/** Where everything stands, worked out and remembered: by ELK in a worker, or at once where there is
 * nothing for it to find out, or so much that it would take seconds. */
import ELK, { type ElkNode } from "elkjs/lib/elk-api";
import Worker from "elkjs/lib/elk-worker.min.js?worker";
import type { Drawing } from "./graph.model";
import { areChains, type Direction, inLayers, type Place } from "./layers.model";
import { keep, kept } from "./remembered";

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

/** Where everything stands if that takes no time: it was found out earlier in this browser, or is
 * simple, or too much for ELK. Otherwise null, and ELK gets ready. */
export function layoutAtHand(drawing: Drawing, direction: Direction): Map<string, Place> | null {
  if (drawing.nodes.length > MANY_NODES || areChains(drawing)) {
    const widest = drawing.lines.reduce(
      (most, { label }) => Math.max(most, label === null ? 0 : sizeOfLabel(label).width + 24),
      SIZES.layerGap,
    );
    return inLayers(drawing, direction, { ...SIZES, layerGap: widest });
  }
  const found = kept(keyOf(drawing, direction));
  if (!found) elk ??= new ELK({ workerFactory: () => new Worker() });
  return found;
}

/** `{id: place}`; the place of what is in a group counts from the group's corner. A line with a label
 * has a place too, that of its label, which counts from the corner of the whole. */
export function layoutOf(drawing: Drawing, direction: Direction): Promise<Map<string, Place>> {
  const atHand = layoutAtHand(drawing, direction);
  if (atHand) return Promise.resolve(atHand);
  const key = keyOf(drawing, direction);
  let found = remembered.get(key);
  if (!found) {
    found = arranged(drawing, direction);
    found.then((places) => keep(key, places)).catch(() => remembered.delete(key));
    remembered.set(key, found);
    const oldest = remembered.keys().next().value;
    if (remembered.size > MOST && oldest !== undefined) remembered.delete(oldest);
  }
  return found;
}

function keyOf(drawing: Drawing, direction: Direction): string {
  return JSON.stringify([
    direction,
    drawing.nodes.map((one) => [one.id, one.parent, one.isOpen]),
    drawing.lines.map((one) => [one.id, one.label]),
  ]);
}

const LETTER = 6.6;
const MOST_LABEL_WIDTH = 180;
const LABEL_HEIGHT = 20;

/** How much room a label takes; it is cut off behind that. */
function sizeOfLabel(label: string): { width: number; height: number } {
  return {
    width: Math.min(MOST_LABEL_WIDTH, Math.ceil(label.length * LETTER) + 14),
    height: LABEL_HEIGHT,
  };
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
      "elk.edgeLabels.placement": "CENTER",
      "elk.edgeLabels.inline": "true",
      "org.eclipse.elk.json.edgeCoords": "ROOT",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: [],
    edges: drawing.lines.map(({ id, source, target, label }) => ({
      id,
      sources: [source],
      targets: [target],
      labels: label === null ? [] : [{ id, text: label, ...sizeOfLabel(label) }],
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
  for (const { labels = [] } of done.edges ?? []) {
    for (const { id, x = 0, y = 0, width = 0, height = 0 } of labels) {
      if (id !== undefined) places.set(id, { x, y, width, height });
    }
  }
  return places;
}

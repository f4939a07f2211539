/** A layout for drawings that are too large for ELK: every step takes time in proportion to what is
 * drawn, so that 10,000 tasks stand in a fraction of a second. */
import type { Drawing } from "./graph.model";

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Direction = "RIGHT" | "DOWN";

export interface Sizes {
  width: number;
  height: number;
  /** Between layers, and between nodes of one layer. */
  layerGap: number;
  nodeGap: number;
  /** Around what is in a group; its title stands above. */
  padding: number;
  title: number;
}

const ROOT = "\u0000root";

/** `{id: place}`; the place of what is in a group counts from the group's corner. */
export function inLayers(drawing: Drawing, direction: Direction, sizes: Sizes): Map<string, Place> {
  const parents = new Map(drawing.nodes.map((one) => [one.id, one.parent ?? ROOT]));
  const children = new Map<string, string[]>();
  for (const one of drawing.nodes) put(children, one.parent ?? ROOT, one.id);
  const lines = siblingLines(drawing, parents);
  const places = new Map<string, Place>();
  const arrange = (parent: string): { width: number; height: number } => {
    const inside = children.get(parent) ?? [];
    for (const id of inside) {
      const own = children.has(id) ? arrange(id) : { width: sizes.width, height: sizes.height };
      places.set(id, { x: 0, y: 0, ...own });
    }
    const [along, across] = stand(inside, lines.get(parent) ?? [], places, direction, sizes);
    const isRoot = parent === ROOT;
    const [left, top] = isRoot ? [0, 0] : [sizes.padding, sizes.title];
    for (const id of inside) {
      const place = places.get(id);
      if (place) {
        place.x += left;
        place.y += top;
      }
    }
    const [width, height] = direction === "RIGHT" ? [along, across] : [across, along];
    return { width: width + 2 * left, height: height + top + (isRoot ? 0 : sizes.padding) };
  };
  arrange(ROOT);
  return places;
}

/** Whether everything stands in a few rows: among its siblings nothing has two before it or two behind
 * it, so that no line crosses another and nothing is left to find out. */
export function areChains(drawing: Drawing): boolean {
  const parents = new Map(drawing.nodes.map((one) => [one.id, one.parent ?? ROOT]));
  const first = new Map<string, number>();
  for (const parent of parents.values()) first.set(parent, (first.get(parent) ?? 0) + 1);
  const sources = new Set<string>();
  const targets = new Set<string>();
  for (const { source, target, label } of drawing.lines) {
    const parent = parents.get(source) ?? ROOT;
    const isPlain = label === null && parents.get(target) === parent;
    if (!isPlain || sources.has(source) || targets.has(target)) return false;
    sources.add(source);
    targets.add(target);
    first.set(parent, (first.get(parent) ?? 0) - 1);
  }
  return [...first.values()].every((rows) => rows <= MOST_ROWS);
}

/** More rows than that are better arranged in the shape of the screen. */
const MOST_ROWS = 8;

function put<K, V>(into: Map<K, V[]>, key: K, value: V): void {
  const found = into.get(key);
  if (found) found.push(value);
  else into.set(key, [value]);
}

/** `{group: lines between what stands right in it}`: a line is one of the groups around its ends,
 * just below what is around both. */
function siblingLines(
  drawing: Drawing,
  parents: ReadonlyMap<string, string>,
): Map<string, [string, string][]> {
  const found = new Map<string, [string, string][]>();
  for (const { source, target } of drawing.lines) {
    const around = new Map<string, string>();
    for (let id = source; parents.has(id); id = parents.get(id) ?? ROOT) {
      around.set(parents.get(id) ?? ROOT, id);
    }
    for (let id = target; parents.has(id); id = parents.get(id) ?? ROOT) {
      const parent = parents.get(id) ?? ROOT;
      const from = around.get(parent);
      if (from === undefined) continue;
      if (from !== id) put(found, parent, [from, id]);
      break;
    }
  }
  return found;
}

/** Puts the nodes into layers, each behind all that it follows; gives the extent along and across. */
function stand(
  ids: readonly string[],
  lines: readonly [string, string][],
  places: Map<string, Place>,
  direction: Direction,
  sizes: Sizes,
): [number, number] {
  const upstream = new Map<string, string[]>();
  const downstream = new Map<string, string[]>();
  for (const [from, to] of lines) {
    put(upstream, to, from);
    put(downstream, from, to);
  }
  const layers = layersOf(ids, upstream, downstream);
  const isRight = direction === "RIGHT";
  const extent = (id: string): [number, number] => {
    const { width, height } = places.get(id) ?? { width: 0, height: 0 };
    return isRight ? [width, height] : [height, width];
  };
  const middles = new Map<string, number>();
  let along = 0;
  let across = 0;
  for (const layer of layers) {
    const wanted = new Map(
      layer.map((id, at) => {
        const before = (upstream.get(id) ?? []).map((one) => middles.get(one) ?? 0);
        const mean = before.reduce((sum, one) => sum + one, 0) / before.length;
        return [id, before.length > 0 ? mean : at * (extent(id)[1] + sizes.nodeGap)];
      }),
    );
    layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    let free = 0;
    let deepest = 0;
    for (const id of layer) {
      const [length, breadth] = extent(id);
      const at = Math.max(free, (wanted.get(id) ?? 0) - breadth / 2);
      const place = places.get(id);
      if (place) [place.x, place.y] = isRight ? [along, at] : [at, along];
      middles.set(id, at + breadth / 2);
      free = at + breadth + sizes.nodeGap;
      deepest = Math.max(deepest, length);
    }
    along += deepest + sizes.layerGap;
    across = Math.max(across, free - sizes.nodeGap);
  }
  return [Math.max(0, along - sizes.layerGap), across];
}

/** The longest way to each node decides about its layer. Groups whose tasks depend on one another both
 * ways make a circle; what is in one stands in the layer that it has got to. */
function layersOf(
  ids: readonly string[],
  upstream: ReadonlyMap<string, string[]>,
  downstream: ReadonlyMap<string, string[]>,
): string[][] {
  const open = new Map(ids.map((id) => [id, upstream.get(id)?.length ?? 0]));
  const layerOf = new Map<string, number>();
  const ready = ids.filter((id) => open.get(id) === 0);
  for (const id of ready) {
    const layer = layerOf.get(id) ?? 0;
    for (const next of downstream.get(id) ?? []) {
      layerOf.set(next, Math.max(layerOf.get(next) ?? 0, layer + 1));
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  const layers: string[][] = [];
  for (const id of ids) {
    const layer = layerOf.get(id) ?? 0;
    while (layers.length <= layer) layers.push([]);
    layers[layer]?.push(id);
  }
  return layers;
}

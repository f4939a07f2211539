/** Lines of a plot. */

export interface Line {
  name: string;
  x: number[];
  y: (number | null)[];
}

/** All lines over the same places, as charts want them: null where a line has no point. */
export function aligned(lines: readonly Line[]): { x: number[]; ys: (number | null)[][] } {
  const x = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const ys = lines.map((line) => {
    const known = new Map(line.x.map((place, at) => [place, line.y[at] ?? null]));
    return x.map((place) => known.get(place) ?? null);
  });
  return { x, ys };
}

import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import { t } from "../language/language";
import { useZone } from "./clock";
import { absolute } from "./time.model";

interface Line {
  label: string;
  /** A CSS colour; variables are resolved. */
  color: string;
  values: (number | null)[];
}

const HEIGHT = 220;
const DAY_SECONDS = 86_400;
const MINUTE_SECONDS = 60;
const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6].flatMap((zeros) =>
  [1, 2, 5].map((one) => one * 10 ** zeros),
);

/** Dates and times along the axis, as everywhere else: "11-22", "14:05". */
function marksIn(zone: string): UPlot.Axis.DynamicValues {
  return (_, places, __, ___, step) =>
    places.map((at) => {
      const [date = "", time = ""] = absolute(1000 * at, zone).split(" ");
      if (step >= DAY_SECONDS || time === "00:00:00") return date.slice(5);
      return step < MINUTE_SECONDS ? time : time.slice(0, 5);
    });
}

/** Lines over time. `times` are seconds since 1970, in order; other numbers where it is no time. */
export function Chart({
  label,
  times,
  lines,
  format,
  isTime = true,
  along,
  areWhole = false,
}: {
  label: string;
  times: number[];
  lines: Line[];
  format: (value: number) => string;
  isTime?: boolean;
  /** What the places along the axis are: when runs were due, unless told otherwise. */
  along?: string;
  /** Whether the values are counted, so that there is nothing between two of them. */
  areWhole?: boolean;
}) {
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  const zone = useZone();
  useEffect(() => {
    if (!place.current || width === 0) return undefined;
    const style = getComputedStyle(document.documentElement);
    const resolved = (color: string) => {
      const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
      return name ? style.getPropertyValue(name).trim() : color;
    };
    const text = scheme === "dark" ? "#a5acb8" : "#5c6370";
    const grid = { stroke: scheme === "dark" ? "#2c3036" : "#e8eaed", width: 1 };
    const chart = new UPlot(
      {
        width,
        height: HEIGHT,
        tzDate: (moment) => UPlot.tzDate(new Date(moment * 1000), zone),
        scales: { x: { time: isTime } },
        axes: [
          { stroke: text, grid, ...(isTime ? { values: marksIn(zone) } : {}) },
          {
            stroke: text,
            grid,
            size: 70,
            values: (_, all) => all.map(format),
            ...(areWhole ? { incrs: WHOLE_STEPS } : {}),
          },
        ],
        series: [
          isTime
            ? {
                label: along ?? t("due"),
                value: (_, at) => (at === null ? "–" : absolute(1000 * at, zone)),
              }
            : { label: along ?? "x" },
          ...lines.map((line) => ({
            label: line.label,
            stroke: resolved(line.color),
            width: 2,
            points: { show: times.length < 60, size: 6 },
            value: (_: UPlot, value: number | null) => (value === null ? "–" : format(value)),
          })),
        ],
      },
      [times, ...lines.map((line) => line.values)],
      place.current,
    );
    return () => chart.destroy();
  }, [times, lines, format, width, scheme, zone, isTime, along, areWhole]);
  return (
    <div ref={ref} role="img" aria-label={label}>
      <div ref={place} />
    </div>
  );
}

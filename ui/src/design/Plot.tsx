import { Text } from "@mantine/core";
import { useMemo } from "react";
import { t } from "../language/language";
import { Chart } from "./Chart";
import { aligned, type Line } from "./plot.model";

const COLORS = ["#0b7285", "#c2410c", "#7b2fb5", "#2f7d32", "#b42318", "#8a5a00"];

const asNumber = (value: number) => String(Number(value.toPrecision(6)));

/** Numbers as lines. */
export default function Plot({
  label,
  lines,
  isTime,
}: {
  label: string;
  lines: readonly Line[];
  isTime: boolean;
}) {
  const { x, ys } = useMemo(() => aligned(lines), [lines]);
  const drawn = useMemo(
    () =>
      lines.map((line, at) => ({
        label: line.name,
        color: COLORS[at % COLORS.length] ?? "#0b7285",
        values: ys[at] ?? [],
      })),
    [lines, ys],
  );
  return (
    <>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      <Chart
        label={label}
        times={x}
        lines={drawn}
        format={asNumber}
        isTime={isTime}
        along={isTime ? t("time") : "x"}
      />
    </>
  );
}

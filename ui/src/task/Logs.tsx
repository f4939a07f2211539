import { Button, Group, Select, Switch } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconDownload } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useZone } from "../design/clock";
import { Empty, Trouble, Waiting } from "../design/Feedback";
import { absolute } from "../design/time.model";
import { t } from "../language/language";
import { Finder, Jumps, type Level, NextOfLevel, Position } from "./LogSearch";
import { LEVELS, type LogLine, PIECE_BYTES, piecesOf, visible } from "./logs.model";
import classes from "./logs.module.css";
import { addressOf, type LogOf, linesOf, useLog } from "./useLog";

const ROW = 20;
/** So far from an edge of what is held, the next piece is asked for. */
const EDGE = 40 * ROW;
const FROM = "/dags/$dagId/runs/$runId/tasks/$taskId";

/** The log of one try, as it grows. Of a long one only the part around the reader is held. */
export default function Logs(log: LogOf) {
  const { find = "", level, wrap = false, line } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const { held, begin, end, size, isLoading, error, jump, jumpToLine, more } = useLog(log, line);
  const lines = useMemo(() => linesOf(held), [held]);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const shown = useMemo(() => visible(lines, level, folded), [lines, level, folded]);
  const search = (part: { find?: string; level?: string; wrap?: boolean; line?: number }) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const fold = (number: number) =>
    setFolded((old) => {
      const next = new Set(old);
      if (!next.delete(number)) next.add(number);
      return next;
    });
  const goTo = (number: number) => {
    search({ line: number });
    setFolded(new Set());
    if (!lines.some((one) => one.number === number)) void jumpToLine(number);
  };
  return (
    <>
      <Group mb="xs" gap="sm">
        <Finder log={log} size={size} find={find} line={line} onFind={search} onGo={goTo} />
        <Jumps log={log} line={line} onGo={goTo} />
        <Select
          aria-label={t("Least level")}
          placeholder={t("All levels")}
          clearable
          data={[...LEVELS]}
          value={level ?? null}
          onChange={(chosen) => search({ level: chosen ?? undefined })}
          w={140}
        />
        <Switch
          label={t("Wrap")}
          checked={wrap}
          onChange={(event) => search({ wrap: event.currentTarget.checked || undefined })}
        />
        <Button
          component="a"
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} />}
          href={addressOf(log, "file")}
          download={`${log.dagId}.${log.taskId}.${log.tryNumber}.log`}
        >
          {t("Download")}
        </Button>
      </Group>
      {size > 2 * PIECE_BYTES ? (
        <Position begin={begin} end={end} size={size} onJump={(offset) => void jump({ offset })} />
      ) : null}
      {error ? <Trouble error={error} what={t("The log could not be loaded")} /> : null}
      {shown.length === 0 ? (
        isLoading ? (
          <Waiting what={t("The log")} />
        ) : lines.length > 0 ? (
          <Empty title={t("In this part of the log there is nothing of that level")}>
            <NextOfLevel
              log={log}
              level={level as Level}
              from={lines.at(-1)?.number ?? 0}
              onGo={goTo}
            />
          </Empty>
        ) : (
          <Empty title={t("Nothing has been logged")}>
            {t("What the task prints or logs appears here at once.")}
          </Empty>
        )
      ) : (
        <Lines
          lines={shown}
          wraps={wrap}
          find={find}
          line={line}
          folded={folded}
          onFold={fold}
          onLine={(number) => search({ line: number === line ? undefined : number })}
          onEdge={(where) =>
            where === "before" ? begin > 0 && more("before") : end < size && more("behind")
          }
        />
      )}
    </>
  );
}

function Lines({
  lines,
  wraps,
  find,
  line: pointed,
  folded,
  onFold,
  onLine,
  onEdge,
}: {
  lines: LogLine[];
  wraps: boolean;
  find: string;
  line: number | undefined;
  folded: ReadonlySet<number>;
  onFold: (number: number) => void;
  onLine: (number: number) => void;
  onEdge: (where: "before" | "behind") => unknown;
}) {
  const zone = useZone();
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(pointed === undefined);
  const down = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 30,
    getItemKey: useCallback(
      (index: number) => `${lines[index]?.number}.${lines[index]?.part}`,
      [lines],
    ),
  });
  const count = lines.length;
  const first = lines[0]?.number;
  const seen = useRef<{ number: number; part: number } | null>(null);
  useEffect(() => {
    if (atEnd.current && count > 0) down.scrollToIndex(count - 1, { align: "end" });
  }, [count, down]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: wrapped lines have other heights
  useEffect(() => down.measure(), [wraps]);
  // Lines that came before must not move those that are being read.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another first line moves the rest
  useEffect(() => {
    // Heights of lines that went are forgotten with them.
    if (atEnd.current) down.measure();
    const kept = seen.current;
    const index = kept
      ? lines.findIndex((one) => one.number === kept.number && one.part === kept.part)
      : -1;
    if (index > 0 && !atEnd.current) down.scrollToIndex(index, { align: "start" });
  }, [first]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the line is shown once it is there
  useEffect(() => {
    const index = pointed === undefined ? -1 : lines.findIndex((one) => one.number === pointed);
    if (index < 0) return;
    atEnd.current = false;
    down.scrollToIndex(index, { align: "center" });
  }, [pointed, lines.length > 0, first]);
  return (
    <div
      ref={scroller}
      className={classes.log}
      data-wraps={wraps || undefined}
      role="log"
      aria-label={t("Log")}
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        const below = scrollHeight - scrollTop - clientHeight;
        atEnd.current = below < 2 * ROW;
        const top = lines[Math.floor(scrollTop / ROW)];
        seen.current = top ? { number: top.number, part: top.part } : null;
        if (scrollTop < EDGE) onEdge("before");
        if (below < EDGE) onEdge("behind");
      }}
    >
      <div style={{ height: down.getTotalSize(), position: "relative", minWidth: "fit-content" }}>
        {down.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          return (
            <div
              key={item.key}
              ref={wraps ? down.measureElement : undefined}
              data-index={item.index}
              data-level={line.level}
              data-pointed={line.number === pointed || undefined}
              className={classes.line}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <button
                type="button"
                className={classes.number}
                tabIndex={-1}
                aria-label={t("Line {number}", { number: line.number })}
                onClick={() => onLine(line.number)}
              >
                {line.part === 0 ? line.number : ""}
              </button>
              <span className={classes.time}>
                {line.part === 0 ? clockOf(line.timestamp, zone) : ""}
              </span>
              {line.opens ? (
                <button
                  type="button"
                  className={classes.fold}
                  onClick={() => onFold(line.number)}
                  aria-expanded={!folded.has(line.number)}
                >
                  {folded.has(line.number) ? (
                    <IconChevronRight size={13} />
                  ) : (
                    <IconChevronDown size={13} />
                  )}
                  {line.text}
                </button>
              ) : (
                <Text text={line.text} find={find} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The time of day of a line, in the chosen zone; what says no moment stands as it is. */
function clockOf(timestamp: string | null, zone: string): string {
  const moment = Date.parse(timestamp ?? "");
  if (Number.isNaN(moment)) return timestamp ?? "";
  const milliseconds = String(moment % 1000).padStart(3, "0");
  return `${absolute(moment, zone).slice(11)}.${milliseconds}`;
}

const ADDRESS = /(https?:\/\/[^\s"'<>)\]]+)/;

function Text({ text, find }: { text: string; find: string }) {
  return (
    <span className={classes.text}>
      {piecesOf(text).map((piece, index) => (
        <span
          key={index}
          className={piece.color === null ? undefined : classes[`ansi${piece.color}`]}
          style={piece.isBold ? { fontWeight: 700 } : undefined}
        >
          {piece.text.split(ADDRESS).map((part, at) =>
            ADDRESS.test(part) ? (
              <a key={at} href={part} target="_blank" rel="noreferrer noopener">
                {part}
              </a>
            ) : (
              <Marked key={at} text={part} find={find} />
            ),
          )}
        </span>
      ))}
    </span>
  );
}

function Marked({ text, find }: { text: string; find: string }) {
  const at = find ? text.toLowerCase().indexOf(find.toLowerCase()) : -1;
  if (at < 0) return text;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + find.length)}</mark>
      <Marked text={text.slice(at + find.length)} find={find} />
    </>
  );
}

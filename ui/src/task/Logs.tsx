import { Button, Group, Select, Switch, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconDownload, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { answer, BASE, client } from "../api/client";
import { Empty, Trouble, Waiting } from "../design/Feedback";
import { LEVELS, type LogLine, LogReader, piecesOf, type RawLine, visible } from "./logs.model";
import classes from "./logs.module.css";

const ROW = 20;
const AGAIN_MS = 700;

interface Where {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
}

/** The log of one try, as it grows. */
export default function Logs(where: Where) {
  const { lines, isLoading, error } = useLog(where);
  const {
    find = "",
    level,
    wrap = false,
  } = useSearch({
    from: "/dags/$dagId/runs/$runId/tasks/$taskId",
  });
  const navigate = useNavigate({ from: "/dags/$dagId/runs/$runId/tasks/$taskId" });
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const shown = useMemo(() => visible(lines, level, find, folded), [lines, level, find, folded]);
  const search = (part: { find?: string; level?: string; wrap?: boolean }) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const fold = (number: number) =>
    setFolded((old) => {
      const next = new Set(old);
      if (!next.delete(number)) next.add(number);
      return next;
    });
  return (
    <>
      <Group mb="xs">
        <TextInput
          data-search
          aria-label="Find in the log"
          placeholder="Find  ( / )"
          leftSection={<IconSearch size={15} />}
          value={find}
          onChange={(event) => search({ find: event.currentTarget.value || undefined })}
        />
        <Select
          aria-label="Least level"
          placeholder="All levels"
          clearable
          data={[...LEVELS]}
          value={level ?? null}
          onChange={(chosen) => search({ level: chosen ?? undefined })}
          w={140}
        />
        <Switch
          label="Wrap"
          checked={wrap}
          onChange={(event) => search({ wrap: event.currentTarget.checked || undefined })}
        />
        <Button
          component="a"
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} />}
          href={addressOf(where)}
          download={`${where.dagId}.${where.taskId}.${where.tryNumber}.log`}
        >
          Download
        </Button>
      </Group>
      {error ? <Trouble error={error} what="The log could not be loaded" /> : null}
      {lines.length === 0 ? (
        isLoading ? (
          <Waiting what="The log" />
        ) : (
          <Empty title="Nothing has been logged" />
        )
      ) : (
        <Lines lines={shown} wraps={wrap} find={find} folded={folded} onFold={fold} />
      )}
    </>
  );
}

function addressOf({ dagId, runId, taskId, mapIndex, tryNumber }: Where): string {
  const parts = [dagId, "dagRuns", runId, "taskInstances", taskId, "logs", String(tryNumber)];
  const path = parts.map(encodeURIComponent).join("/");
  return `${BASE}/api/v2/dags/${path}?map_index=${mapIndex}&full_content=true`;
}

/** Reads page after page, and goes on as long as there may be more. */
function useLog(where: Where): { lines: LogLine[]; isLoading: boolean; error: Error | null } {
  const { dagId, runId, taskId, mapIndex, tryNumber } = where;
  const [lines, setLines] = useState<LogLine[]>([]);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    let isOver = false;
    let timer: number | undefined;
    const reader = new LogReader();
    const read = async (token: string | undefined): Promise<void> => {
      try {
        const page = await answer(
          client.GET(
            "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
            {
              params: {
                path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, try_number: tryNumber },
                query: { map_index: mapIndex, token },
                header: { accept: "application/json" },
              },
            },
          ),
        );
        if (isOver || typeof page === "string") return;
        const content = (page.content ?? []) as RawLine[];
        const more = reader.read(content);
        if (more.length > 0) setLines((old) => [...old, ...more]);
        setLoading(false);
        setError(null);
        const next = page.continuation_token ?? undefined;
        if (next !== undefined) {
          timer = window.setTimeout(() => void read(next), content.length > 0 ? 0 : AGAIN_MS);
        }
      } catch (problem) {
        if (isOver) return;
        setLoading(false);
        setError(problem as Error);
      }
    };
    setLines([]);
    setLoading(true);
    void read(undefined);
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [dagId, runId, taskId, mapIndex, tryNumber]);
  return { lines, isLoading, error };
}

function Lines({
  lines,
  wraps,
  find,
  folded,
  onFold,
}: {
  lines: LogLine[];
  wraps: boolean;
  find: string;
  folded: ReadonlySet<number>;
  onFold: (number: number) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const down = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 30,
  });
  const count = lines.length;
  useEffect(() => {
    if (atEnd.current && count > 0) down.scrollToIndex(count - 1, { align: "end" });
  }, [count, down]);
  return (
    <div
      ref={scroller}
      className={classes.log}
      data-wraps={wraps || undefined}
      role="log"
      aria-label="Log"
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        atEnd.current = scrollHeight - scrollTop - clientHeight < 2 * ROW;
      }}
    >
      <div style={{ height: down.getTotalSize(), position: "relative", minWidth: "fit-content" }}>
        {down.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          return (
            <div
              key={line.number}
              ref={down.measureElement}
              data-index={item.index}
              data-level={line.level}
              className={classes.line}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <span className={classes.number}>{line.number}</span>
              <span className={classes.time}>{line.timestamp?.slice(11, 23) ?? ""}</span>
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

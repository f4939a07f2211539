/** The part of a log that a reader looks at: read in pieces, and told by the stream what comes to it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { answer, BASE, client, type Schemas } from "../api/client";
import {
  type Held,
  heldAfter,
  heldBefore,
  heldGrown,
  type LogLine,
  LogReader,
  PIECE_BYTES,
  type RawLine,
} from "./logs.model";

export interface LogOf {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
}

type Place = { offset: number } | { before: number } | { line: number } | Record<string, never>;
type Piece = Schemas["LogPieceResponse"];

const AROUND = 200;

export const TRY = "/ui/dags/{dag_id}/runs/{dag_run_id}/tasks/{task_id}/logs/{try_number}" as const;

export const pathOf = ({ dagId, runId, taskId, tryNumber }: LogOf) => ({
  dag_id: dagId,
  dag_run_id: runId,
  task_id: taskId,
  try_number: tryNumber,
});

/** An address below the log of a try. */
export function addressOf(log: LogOf, what: "file" | "stream", query = ""): string {
  const { dagId, runId, taskId, mapIndex, tryNumber } = log;
  const parts = [dagId, "runs", runId, "tasks", taskId, "logs", String(tryNumber), what];
  const path = parts.map(encodeURIComponent).join("/");
  return `${BASE}/ui/dags/${path}?map_index=${mapIndex}${query}`;
}

interface Shown {
  held: Held[];
  size: number;
  goesOn: boolean;
}

const NOTHING: Shown = { held: [], size: 0, goesOn: false };

/** The lines that are held, and ways to others. `line` is where it begins; without it, at the end. */
export function useLog(log: LogOf, line: number | undefined) {
  const { dagId, runId, taskId, mapIndex, tryNumber } = log;
  const [shown, setShown] = useState<Shown>(NOTHING);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<Error | null>(null);
  const reader = useRef(new LogReader());
  const asked = useRef(0);
  const isBusy = useRef(false);

  const read = useCallback(
    (place: Place): Promise<Piece> =>
      answer(
        client.GET(`${TRY}/piece`, {
          params: {
            path: pathOf({ dagId, runId, taskId, mapIndex, tryNumber }),
            query: { map_index: mapIndex, most_bytes: PIECE_BYTES, ...place },
          },
        }),
      ),
    [dagId, runId, taskId, mapIndex, tryNumber],
  );

  const jump = useCallback(
    async (place: Place): Promise<void> => {
      const number = ++asked.current;
      setLoading(true);
      try {
        const piece = await read(place);
        if (number !== asked.current) return;
        reader.current = new LogReader(piece.first_line);
        const lines = reader.current.read(piece.lines as RawLine[]);
        const held = [{ begin: piece.begin, end: piece.end, lines }];
        setShown({ held, size: piece.size, goesOn: piece.goes_on });
        setError(null);
      } catch (problem) {
        if (number === asked.current) setError(problem as Error);
      } finally {
        if (number === asked.current) setLoading(false);
      }
    },
    [read],
  );

  const jumpToLine = useCallback(
    (wanted: number) => jump({ line: Math.max(1, wanted - AROUND) }),
    [jump],
  );

  const first = useRef(line);
  useEffect(() => {
    setShown(NOTHING);
    const begin = first.current;
    void (begin === undefined ? jump({}) : jumpToLine(begin));
    return () => {
      asked.current++;
    };
  }, [jump, jumpToLine]);

  const begin = shown.held[0]?.begin ?? 0;
  const end = shown.held.at(-1)?.end ?? 0;

  /** Reads on before or behind what is held; gives how many lines came. */
  const more = useCallback(
    async (where: "before" | "behind"): Promise<number> => {
      if (isBusy.current) return 0;
      isBusy.current = true;
      const number = asked.current;
      try {
        const piece = await read(where === "before" ? { before: begin } : { offset: end });
        if (number !== asked.current || piece.lines.length === 0) return 0;
        const from = where === "before" ? new LogReader(piece.first_line) : reader.current;
        const lines = from.read(piece.lines as RawLine[]);
        const next = { begin: piece.begin, end: piece.end, lines };
        setShown((old) => ({
          ...old,
          size: Math.max(old.size, piece.size),
          held: where === "before" ? heldBefore(old.held, next) : heldAfter(old.held, next),
        }));
        return lines.length;
      } catch (problem) {
        setError(problem as Error);
        return 0;
      } finally {
        isBusy.current = false;
      }
    },
    [read, begin, end],
  );

  // What is written is of interest to who looks at the end.
  const follows = shown.goesOn && end >= shown.size && !isLoading;
  const from = useRef(0);
  from.current = end;
  useEffect(() => {
    if (!follows) return undefined;
    const of = { dagId, runId, taskId, mapIndex, tryNumber };
    const source = new EventSource(addressOf(of, "stream", `&offset=${from.current}`));
    source.addEventListener("lines", (event) => {
      const lines = reader.current.read(JSON.parse(event.data) as RawLine[]);
      const upTo = Number(event.lastEventId);
      setShown((old) => ({ ...old, size: upTo, held: heldGrown(old.held, lines, upTo) }));
    });
    source.addEventListener("end", () => {
      source.close();
      setShown((old) => ({ ...old, goesOn: false }));
    });
    return () => source.close();
  }, [follows, dagId, runId, taskId, mapIndex, tryNumber]);

  return { ...shown, begin, end, isLoading, error, jump, jumpToLine, more };
}

/** The lines of all pieces. */
export function linesOf(held: readonly Held[]): LogLine[] {
  return held.length === 1 ? (held[0]?.lines ?? []) : held.flatMap((one) => one.lines);
}

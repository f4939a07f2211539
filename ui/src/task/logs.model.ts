/** Lines of a log: how they are read, filtered, folded and coloured. */

export interface LogLine {
  /** Of the record in the log, from 1 on; a record of several lines of text has one number. */
  number: number;
  /** Which of the record's lines of text it is, from 0 on. */
  part: number;
  timestamp: string | null;
  level: string;
  logger: string;
  text: string;
  /** The group that the line opens, closes or lies in. */
  group: number | null;
  opens: boolean;
}

export type RawLine = string | Record<string, unknown>;

const LEVELS: readonly string[] = ["debug", "info", "warning", "error", "critical"];

export { LEVELS };

const OPENS = "::group::";
const CLOSES = "::endgroup::";
const SHOWN_ELSEWHERE = new Set([
  "timestamp",
  "event",
  "level",
  "logger",
  "chan",
  "error_detail",
  "exception",
]);

/** The lines behind what the server sent. Further lines are read by the same reader. */
export class LogReader {
  private next: number;
  private groups: number[] = [];

  /** `first` is the number of the first line that it is given. */
  constructor(first = 1) {
    this.next = first;
  }

  read(raw: readonly RawLine[]): LogLine[] {
    const lines: LogLine[] = [];
    for (const one of raw) {
      const record = typeof one === "string" ? { event: one } : one;
      const event = String(record.event ?? "");
      const number = this.next++;
      if (event === CLOSES) {
        this.groups.pop();
        continue;
      }
      const opens = event.startsWith(OPENS);
      const common = {
        timestamp: typeof record.timestamp === "string" ? record.timestamp : null,
        level: levelOf(record.level),
        logger: String(record.logger ?? ""),
      };
      if (opens) {
        const around = this.groups.at(-1) ?? null;
        this.groups.push(number);
        const text = event.slice(OPENS.length);
        lines.push({ ...common, number, part: 0, text, group: around, opens });
        continue;
      }
      for (const [part, text] of textsOf(event, record).entries()) {
        lines.push({
          ...common,
          number,
          part,
          text,
          group: this.groups.at(-1) ?? null,
          opens: false,
        });
      }
    }
    return lines;
  }
}

/** The very text of the list where it is one of it: very many lines share it. */
function levelOf(said: unknown): string {
  const level = String(said ?? "info").toLowerCase();
  return LEVELS.find((one) => one === level) ?? level;
}

function textsOf(event: string, record: Record<string, unknown>): string[] {
  const extra = Object.entries(record)
    .filter(([name]) => !SHOWN_ELSEWHERE.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const first = extra.length > 0 ? `${event} ${extra.join(" ")}` : event;
  const texts = first.split("\n");
  if (typeof record.exception === "string") texts.push(...record.exception.trimEnd().split("\n"));
  const detail = record.error_detail;
  if (Array.isArray(detail)) {
    for (const error of detail) texts.push(...tracebackOf(error as Record<string, unknown>));
  } else if (typeof detail === "string") texts.push(...detail.split("\n"));
  return texts;
}

interface Frame {
  filename?: string;
  lineno?: number;
  name?: string;
}

function tracebackOf(error: Record<string, unknown>): string[] {
  const frames = Array.isArray(error.frames) ? (error.frames as Frame[]) : [];
  const head = frames.length > 0 ? ["Traceback (most recent call last):"] : [];
  return [
    ...head,
    ...frames.map((frame) => `  File "${frame.filename}", line ${frame.lineno}, in ${frame.name}`),
    `${String(error.exc_type ?? "Error")}: ${String(error.exc_value ?? "")}`,
  ];
}

/** The lines to show: of that level at least, and not in a folded group. */
export function visible(
  lines: readonly LogLine[],
  level: string | undefined,
  folded: ReadonlySet<number>,
): LogLine[] {
  const least = LEVELS.indexOf(level ?? "debug");
  const hidden = new Set<number>();
  return lines.filter((line) => {
    const isHidden = line.group !== null && (folded.has(line.group) || hidden.has(line.group));
    if (isHidden && line.opens) hidden.add(line.number);
    if (isHidden) return false;
    const rank = LEVELS.indexOf(line.level);
    return rank < 0 || rank >= least;
  });
}

export interface Piece {
  text: string;
  color: number | null;
  isBold: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPE = /\u001b\[([0-9;]*)([A-Za-z])/g;

/** Text with ANSI colours, in pieces (ECMA-48, SGR). Other sequences are left out. */
export function piecesOf(text: string): Piece[] {
  if (!text.includes("\u001b")) return [{ text, color: null, isBold: false }];
  const pieces: Piece[] = [];
  let color: number | null = null;
  let isBold = false;
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), color, isBold });
    from = match.index + match[0].length;
    if (match[2] !== "m") continue;
    for (const code of (match[1] || "0").split(";").map(Number)) {
      if (code === 0) {
        color = null;
        isBold = false;
      } else if (code === 1) isBold = true;
      else if (code === 22) isBold = false;
      else if (code === 39) color = null;
      else if (code >= 30 && code <= 37) color = code - 30;
      else if (code >= 90 && code <= 97) color = code - 90;
    }
  }
  if (from < text.length) pieces.push({ text: text.slice(from), color, isBold });
  return pieces;
}

/** A part of a log that is held in memory. */
export interface Held {
  begin: number;
  end: number;
  lines: LogLine[];
}

/** So many pieces are held at most; a reader who scrolls on leaves the others behind, and one who
 * follows a log that grows needs few. */
const MOST_HELD = 12;
const MOST_FOLLOWED = 3;

/** The pieces with one more behind them; the first ones go. */
export function heldAfter(held: readonly Held[], next: Held): Held[] {
  return [...held, next].slice(-MOST_HELD);
}

/** The pieces with one more before them; the last ones go. */
export function heldBefore(held: readonly Held[], next: Held): Held[] {
  return [next, ...held].slice(0, MOST_HELD);
}

/** What came by the stream, put into the last piece; a piece that is large enough is left alone. */
export function heldGrown(held: readonly Held[], lines: LogLine[], end: number): Held[] {
  const last = held.at(-1);
  if (!last || last.end - last.begin > PIECE_BYTES) {
    return heldAfter(held, { begin: last?.end ?? 0, end, lines }).slice(-MOST_FOLLOWED);
  }
  return [...held.slice(0, -1), { begin: last.begin, end, lines: last.lines.concat(lines) }];
}

export const PIECE_BYTES = 1024 * 1024;

/** The live stream: what the server commits is on the screen a moment later, without asking. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { BASE, type Schemas } from "./client";
import { barOf, type RunNews, withBar, withColumn, withNews } from "./live.model";
import { ALL, columnQuery, type GridPart, keys } from "./queries";

/** Further questions about one run are put off so long, so that many changes make one question; those
 * about lists of runs longer, and all of them where more than so many runs change. */
const REST_MS = 400;
const REST_OF_LISTS_MS = 1000;
const MOST_AT_ONCE = 8;
const BARS = 14;

type Grid = Schemas["GridResponse"];
type Recent = Schemas["RecentRunsResponse"];

let connected = true;
const listeners = new Set<() => void>();

function setConnected(now: boolean): void {
  connected = now;
  for (const listener of listeners) listener();
}

/** Whether the stream is open; false while the browser tries to open it again. */
export function useIsLive(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connected,
  );
}

/** The id of the last event that was heard; before the first one, where the session began. All that
 * was asked for since then knows what came before it, so that nothing has to be asked for again. */
let position: string | null = null;

/** The stream begins there. */
export function beginAt(first: string): void {
  position ??= first;
}

/** Follow one DAG's changes, or everybody's, for as long as the component is shown. */
export function useLive(dagId?: string): void {
  const queries = useQueryClient();
  useEffect(() => {
    const wanted = new URLSearchParams();
    if (dagId !== undefined) wanted.set("dag_id", dagId);
    if (position !== null) wanted.set("after", position);
    const source = new EventSource(`${BASE}/ui/stream?${wanted}`);
    // What stands around every screen heard nothing between two streams.
    void queries.refetchQueries({ type: "active", stale: true }, { cancelRefetch: false });
    const later = new Later();
    const on = (name: string, take: (data: string) => void) =>
      source.addEventListener(name, (event) => {
        position = event.lastEventId || position;
        take(event.data);
      });
    source.addEventListener("open", () => setConnected(true));
    source.addEventListener("error", () => setConnected(false));
    // A stream over a network that is gone stays open for long, and so does one that is back.
    const offline = () => setConnected(false);
    const online = () => setConnected(source.readyState === EventSource.OPEN);
    window.addEventListener("offline", offline);
    window.addEventListener("online", online);
    on("reset", () => catchUp(queries));
    on("run", (data) => takeRun(queries, JSON.parse(data), later));
    on("dags", (data) => takeDags(queries, JSON.parse(data).dag_ids));
    on("files", () => {
      void queries.invalidateQueries({ queryKey: keys.errors });
      void queries.invalidateQueries({ queryKey: keys.dags });
    });
    return () => {
      source.close();
      window.removeEventListener("offline", offline);
      window.removeEventListener("online", online);
      later.stop();
      // The next stream may show something else, so that news about this goes unheard.
      catchUp(queries, "none");
    };
  }, [queries, dagId]);
}

/** Everything may have changed: what is on the screen is asked for again, the rest when it is. */
function catchUp(queries: QueryClient, refetchType: "active" | "none" = "active"): void {
  void queries.invalidateQueries({
    predicate: ({ queryKey }) => !LASTING.has(String(queryKey[0])),
    refetchType,
  });
}

/** Begins the keys of what no change makes wrong. */
const LASTING = new Set(["session", "layout"]);

function takeRun(queries: QueryClient, news: RunNews, later: Later): void {
  const { dag_id: dagId, run_id: runId } = news;
  const bar = barOf(news);
  // An answer that is on its way may be older than the news, and would replace it.
  let isKnown =
    queries.isFetching({ queryKey: keys.grid(dagId) }) === 0 &&
    queries.isFetching({ queryKey: keys.column(dagId, runId) }) === 0;
  queries.setQueriesData<Recent>({ queryKey: keys.recent }, (old) => {
    const bars = old?.runs[dagId];
    return old && bars ? { ...old, runs: { ...old.runs, [dagId]: withBar(bars, bar, BARS) } } : old;
  });
  for (const { queryKey, isNewest } of gridsOf(queries, dagId)) {
    queries.setQueryData<Grid>(queryKey, (old) => {
      if (!old) return old;
      const at = old.columns.findIndex((column) => column.run.run_id === runId);
      const found = old.columns[at];
      if (!found) {
        if (isNewest) isKnown = false;
        return old;
      }
      const next = withNews(found, news);
      isKnown &&= next.isWhole;
      return { ...old, columns: old.columns.with(at, next.column) };
    });
  }
  queries.setQueryData<Schemas["ColumnPayload"]>(keys.column(dagId, runId), (old) => {
    if (!old) return old;
    const next = withNews(old, news);
    isKnown &&= next.isWhole;
    return next.column;
  });
  later.ask(`${dagId}/${runId}`, isKnown, (isAllKnown) => {
    if (!isAllKnown) void readColumn(queries, dagId, runId);
    for (const queryKey of [keys.run(dagId, runId), keys.instances(dagId, runId)]) {
      void queries.invalidateQueries({ queryKey });
    }
  });
  // However many runs change, their lists are asked for once in a while.
  for (const of of [dagId, ALL]) {
    const ask = () => void queries.invalidateQueries({ queryKey: keys.runs(of) });
    later.ask(`${of}/`, true, ask, REST_OF_LISTS_MS);
  }
}

/** The grids of a DAG that are held, and whether a new run belongs into them. */
function gridsOf(queries: QueryClient, dagId: string) {
  return queries
    .getQueryCache()
    .findAll({ queryKey: keys.grid(dagId) })
    .map(({ queryKey }) => ({
      queryKey,
      isNewest: (queryKey.at(-1) as GridPart | undefined)?.until === undefined,
    }));
}

/** Ask for one run, and put it where it is shown: a grid of many runs is not asked for again. */
async function readColumn(queries: QueryClient, dagId: string, runId: string): Promise<void> {
  if (queries.isFetching({ queryKey: keys.grid(dagId) }) > 0) {
    // An answer on its way may be older than the news.
    await queries.invalidateQueries({ queryKey: keys.grid(dagId) });
  }
  const isShown = queries.getQueryCache().find({ queryKey: keys.column(dagId, runId) });
  const grids = gridsOf(queries, dagId);
  if (!isShown && grids.length === 0) return;
  const column = await queries
    // Where nobody looks at the run itself, its column is held by the grid alone.
    .fetchQuery({ ...columnQuery(dagId, runId), staleTime: 0, gcTime: 0 })
    .catch(() => undefined);
  if (!column) return;
  for (const { queryKey, isNewest } of grids) {
    queries.setQueryData<Grid>(queryKey, (old) => {
      const isHere = old?.columns.some((one) => one.run.run_id === runId);
      return old && (isNewest || isHere)
        ? { ...old, columns: withColumn(old.columns, column) }
        : old;
    });
  }
}

function takeDags(queries: QueryClient, dagIds: string[]): void {
  void queries.invalidateQueries({ queryKey: keys.dags });
  void queries.invalidateQueries({ queryKey: keys.recent });
  for (const dagId of dagIds) {
    void queries.invalidateQueries({ queryKey: keys.dag(dagId) });
    void queries.invalidateQueries({ queryKey: keys.runs(dagId) });
    void queries.invalidateQueries({ queryKey: keys.grid(dagId) });
  }
  void queries.invalidateQueries({ queryKey: keys.runs(ALL) });
}

/** Does what is asked for under a name at once, and then no more than once in a while. */
class Later {
  private readonly resting = new Map<
    string,
    { timer: number; isKnown: boolean; call: ((isKnown: boolean) => void) | null }
  >();

  /** `call` is told whether `isKnown` was true every time. Where very much happens, even what is asked
   * for the first time waits. */
  ask(name: string, isKnown: boolean, call: (isKnown: boolean) => void, rest = REST_MS): void {
    const before = this.resting.get(name);
    if (before) {
      before.isKnown = before.isKnown && isKnown;
      before.call = call;
      return;
    }
    const isBusy = this.resting.size >= MOST_AT_ONCE;
    this.rest(name, rest, isBusy ? isKnown : true, isBusy ? call : null);
    if (!isBusy) call(isKnown);
  }

  private rest(
    name: string,
    rest: number,
    isKnown: boolean,
    call: ((isKnown: boolean) => void) | null,
  ): void {
    const timer = window.setTimeout(() => {
      const last = this.resting.get(name);
      this.resting.delete(name);
      if (!last?.call) return;
      this.rest(name, rest, true, null);
      last.call(last.isKnown);
    }, rest);
    this.resting.set(name, { timer, isKnown, call });
  }

  /** Does at once what waits: nobody will hear of it again. */
  stop(): void {
    for (const { timer, isKnown, call } of this.resting.values()) {
      window.clearTimeout(timer);
      call?.(isKnown);
    }
    this.resting.clear();
  }
}

/** Every screen and its address. The address holds all of a screen's state. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { AccessSearch } from "../access/AccessPage";
import { BASE } from "../api/client";
import {
  columnQuery,
  type DagSearch,
  dagQuery,
  gridQuery,
  instanceQuery,
  type RunSearch,
  runQuery,
  sessionQuery,
  structureQuery,
} from "../api/queries";
import type { ApprovalSearch } from "../approvals/queries";
import { ASSET_VIEWS, type AssetSearch, assetsOfDagQuery } from "../assets/queries";
import type { BackfillSearch } from "../backfills/BackfillsPage";
import { FIRST_CELLS, RUNS_SHOWN } from "../dag/grid.model";
import { DagsPage } from "../dags/DagsPage";
import { type GraphSearch, graphSearch } from "../graph/view";
import { Home } from "../home/Home";
import type { SystemSearch } from "../system/SystemPage";
import { NotFound } from "./NotFound";
import { Shell } from "./Shell";

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const whole = (value: unknown): number | undefined =>
  Number.isInteger(value) ? (value as number) : undefined;
const flag = (value: unknown): boolean | undefined =>
  typeof value === "boolean" ? value : undefined;
const among = <T extends string>(value: unknown, all: readonly T[]): T | undefined =>
  all.find((one) => one === value);

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFound,
});

const home = createRoute({ getParentRoute: () => root, path: "/", component: Home });

const dags = createRoute({
  getParentRoute: () => root,
  path: "/dags",
  component: DagsPage,
  validateSearch: (search): DagSearch => ({
    q: text(search.q),
    tags: Array.isArray(search.tags) ? search.tags.map(String) : undefined,
    owners: Array.isArray(search.owners) ? search.owners.map(String) : undefined,
    paused: flag(search.paused),
    state: among(search.state, ["queued", "running", "success", "failed"]),
    errors: flag(search.errors),
    favourites: flag(search.favourites),
    page: whole(search.page),
  }),
});

export const DAG_TABS = [
  "grid",
  "graph",
  "overview",
  "tasks",
  "runs",
  "backfills",
  "calendar",
  "code",
  "events",
  "details",
] as const;

export interface DagView extends RunSearch, GraphSearch {
  tab?: (typeof DAG_TABS)[number];
  /** How many runs the grid shows, and up to when. */
  count?: number;
  until?: string;
  /** A version of the code, and another one that it is compared with. */
  version?: number;
  against?: number;
  /** What is looked for in the graph or the grid. */
  find?: string;
  /** Whether the form for a new backfill is open. */
  create?: boolean;
  /** Whether the form that triggers a run is open. */
  trigger?: boolean;
}

const dag = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId",
  component: lazyRouteComponent(() => import("../dag/DagPage"), "DagPage"),
  validateSearch: (search): DagView => ({
    tab: among(search.tab, DAG_TABS),
    count: whole(search.count),
    until: text(search.until),
    version: whole(search.version),
    against: whole(search.against),
    find: text(search.find),
    state: text(search.state),
    runType: among(search.runType, ["manual", "scheduled", "backfill", "asset_triggered"]),
    page: whole(search.page),
    create: flag(search.create),
    trigger: flag(search.trigger),
    ...graphSearch(search),
  }),
  loaderDeps: ({ search: { tab, count, until, version } }) => ({ tab, count, until, version }),
  // What the screen asks for is on its way while its code is.
  loader: ({ context: { queries }, params: { dagId }, deps }) => {
    const { tab, count = RUNS_SHOWN, until, version } = deps;
    void queries.prefetchQuery(dagQuery(dagId));
    if (tab === undefined || tab === "grid") {
      const part = { mostCells: FIRST_CELLS, until, brief: true };
      void queries.prefetchQuery(structureQuery(dagId));
      void queries.prefetchQuery(gridQuery(dagId, count, part));
    }
    if (tab === "graph") {
      void queries.prefetchQuery(structureQuery(dagId, version));
      const { user } = queries.getQueryData(sessionQuery.queryKey) ?? {};
      if (user?.may.includes("read:asset")) void queries.prefetchQuery(assetsOfDagQuery(dagId));
      void import("../dag/DagGraph");
    }
  },
});

export const RUN_TABS = ["graph", "gantt", "tasks", "compare", "details"] as const;

/** What can be done with a run, or a task of it, in a dialog. */
export const RUN_ACTS = ["clear", "again", "delete", "success", "failed"] as const;
export const TASK_ACTS = ["clear", "success", "failed", "skipped"] as const;

export interface RunView extends GraphSearch {
  tab?: (typeof RUN_TABS)[number];
  find?: string;
  state?: string;
  /** The run that this one is compared with; without it, the one before. */
  with?: string;
  /** Whether only what differs is shown. */
  only?: boolean;
  /** Whether the Gantt shows the times in which nothing ran. */
  gaps?: boolean;
  /** The dialog that is open. */
  act?: (typeof RUN_ACTS)[number];
}

const run = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId",
  component: lazyRouteComponent(() => import("../run/RunPage"), "RunPage"),
  validateSearch: (search): RunView => ({
    tab: among(search.tab, RUN_TABS),
    find: text(search.find),
    state: text(search.state),
    with: text(search.with),
    only: flag(search.only),
    gaps: flag(search.gaps),
    act: among(search.act, RUN_ACTS),
    ...graphSearch(search),
  }),
  loaderDeps: ({ search: { tab } }) => ({ tab }),
  loader: ({ context: { queries }, params: { dagId, runId }, deps: { tab } }) => {
    void queries.prefetchQuery(runQuery(dagId, runId));
    // The shape of the DAG is that of the run's version.
    void queries
      .fetchQuery(columnQuery(dagId, runId))
      .then((column) => queries.prefetchQuery(structureQuery(dagId, column.version_number)))
      .catch(() => undefined);
    if (tab === undefined || tab === "graph") void import("../graph/FlowGraph");
  },
});

export const TASK_TABS = [
  "logs",
  "xcom",
  "rendered",
  "tries",
  "code",
  "mapped",
  "details",
] as const;

export const MAPPED_ORDERS = ["map_index", "-map_index", "duration", "-duration", "-start_date"];

export interface TaskView {
  tab?: (typeof TASK_TABS)[number];
  map?: number;
  try?: number;
  find?: string;
  level?: string;
  wrap?: boolean;
  /** The line of the log that is pointed at. */
  line?: number;
  /** The keys of the XComs that are open; without it, the first ones. */
  keys?: string[];
  /** Which mapped instances are listed, and in which order. */
  state?: string;
  sort?: string;
  page?: number;
  /** The dialog that is open. */
  act?: (typeof TASK_ACTS)[number];
}

const task = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId/tasks/$taskId",
  component: lazyRouteComponent(() => import("../task/TaskPage"), "TaskPage"),
  validateSearch: (search): TaskView => ({
    tab: among(search.tab, TASK_TABS),
    map: whole(search.map),
    try: whole(search.try),
    find: text(search.find),
    level: text(search.level),
    wrap: flag(search.wrap),
    line: whole(search.line),
    keys: Array.isArray(search.keys) ? search.keys.map(String) : undefined,
    state: text(search.state),
    sort: among(search.sort, MAPPED_ORDERS),
    page: whole(search.page),
    act: among(search.act, TASK_ACTS),
  }),
  loaderDeps: ({ search: { map, tab } }) => ({ map: map ?? -1, tab }),
  loader: ({ context: { queries }, params: { dagId, runId, taskId }, deps: { map, tab } }) => {
    if (tab !== "mapped" || map >= 0) {
      void queries.prefetchQuery(instanceQuery(dagId, runId, taskId, map));
    }
  },
});

/** The address that Airflow's links to mapped instances have. */
const mapped = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId/tasks/$taskId/mapped/$mapIndex",
  beforeLoad: ({ params }) => {
    const { dagId, runId, taskId, mapIndex } = params;
    throw redirect({
      to: "/dags/$dagId/runs/$runId/tasks/$taskId",
      params: { dagId, runId, taskId },
      search: { map: Number(mapIndex) },
    });
  },
});

const backfills = createRoute({
  getParentRoute: () => root,
  path: "/backfills",
  component: lazyRouteComponent(() => import("../backfills/BackfillsPage"), "BackfillsPage"),
  validateSearch: (search): BackfillSearch => ({
    dag: text(search.dag),
    page: whole(search.page),
    create: flag(search.create),
  }),
});

const approvals = createRoute({
  getParentRoute: () => root,
  path: "/approvals",
  component: lazyRouteComponent(() => import("../approvals/ApprovalsPage"), "ApprovalsPage"),
  validateSearch: (search): ApprovalSearch => ({
    show: among(search.show, ["waiting", "answered", "all"]),
    q: text(search.q),
    dag: text(search.dag),
    page: whole(search.page),
  }),
});

/** The address that Airflow's links to questions have; what else they say fills the form in. */
const approval = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId/tasks/$taskId/required_actions",
  component: lazyRouteComponent(() => import("../approvals/ApprovalPage"), "ApprovalPage"),
  validateSearch: (search): { map_index?: number } & Record<string, unknown> => ({
    ...search,
    map_index: whole(search.map_index),
  }),
});

const assets = createRoute({
  getParentRoute: () => root,
  path: "/assets",
  component: lazyRouteComponent(() => import("../assets/AssetsPage"), "AssetsPage"),
  validateSearch: (search): AssetSearch => ({
    view: among(search.view, ASSET_VIEWS),
    q: text(search.q),
    page: whole(search.page),
  }),
});

const asset = createRoute({
  getParentRoute: () => root,
  path: "/assets/$assetId",
  component: lazyRouteComponent(() => import("../assets/AssetPage"), "AssetPage"),
  validateSearch: (search): { page?: number; create?: boolean } => ({
    page: whole(search.page),
    create: flag(search.create),
  }),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("../account/AccountPage"), "AccountPage"),
});

/** What a page of records has in its address. */
interface RecordSearch {
  q?: string;
  page?: number;
  /** The record whose form is open, or whether that of a new one is. */
  edit?: string;
  create?: boolean;
}

const recordSearch = (search: Record<string, unknown>): RecordSearch => ({
  q: text(search.q),
  page: whole(search.page),
  edit: text(search.edit),
  create: flag(search.create),
});

const access = createRoute({
  getParentRoute: () => root,
  path: "/access",
  component: lazyRouteComponent(() => import("../access/AccessPage"), "AccessPage"),
  validateSearch: (search): AccessSearch & RecordSearch => ({
    ...recordSearch(search),
    tab: among(search.tab, ["users", "roles", "tokens"]),
  }),
});

const variables = createRoute({
  getParentRoute: () => root,
  path: "/variables",
  component: lazyRouteComponent(() => import("../admin/Variables"), "Variables"),
  validateSearch: recordSearch,
});
const connections = createRoute({
  getParentRoute: () => root,
  path: "/connections",
  component: lazyRouteComponent(() => import("../admin/Connections"), "Connections"),
  validateSearch: recordSearch,
});
const pools = createRoute({
  getParentRoute: () => root,
  path: "/pools",
  component: lazyRouteComponent(() => import("../admin/Pools"), "Pools"),
  validateSearch: (search): RecordSearch & { use?: string; hours?: number } => ({
    ...recordSearch(search),
    use: text(search.use),
    hours: whole(search.hours),
  }),
});

const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  component: lazyRouteComponent(() => import("../system/SystemPage"), "SystemPage"),
  validateSearch: (search): SystemSearch => ({
    tab: among(search.tab, ["health", "config", "packages", "audit"]),
    q: text(search.q),
    event: text(search.event),
    user: text(search.user),
    dag: text(search.dag),
    page: whole(search.page),
  }),
});

const tree = root.addChildren([
  home,
  dags,
  dag,
  run,
  task,
  mapped,
  backfills,
  approvals,
  approval,
  assets,
  asset,
  variables,
  connections,
  pools,
  system,
  access,
  account,
]);

/** The code of the screens that people go to most, once there is nothing else to do. */
export function loadAhead(): void {
  const load = () => {
    void import("../dag/DagPage");
    void import("../run/RunPage");
    void import("../task/TaskPage");
  };
  if ("requestIdleCallback" in window) window.requestIdleCallback(load);
  else setTimeout(load, 1000);
}

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    basepath: BASE || "/",
    defaultPreload: false,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

/** What is asked of the server, under the keys by which the live stream finds it again. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";

export const keys = {
  session: ["session"] as const,
  dags: ["dags"] as const,
  dag: (dagId: string) => ["dag", dagId] as const,
  recent: ["recent"] as const,
  runs: (dagId: string) => ["runs", dagId] as const,
  run: (dagId: string, runId: string) => ["run", dagId, runId] as const,
  grid: (dagId: string) => ["grid", dagId] as const,
  column: (dagId: string, runId: string) => ["column", dagId, runId] as const,
  instances: (dagId: string, runId: string) => ["instances", dagId, runId] as const,
  errors: ["errors"] as const,
  health: ["health"] as const,
};

export const ALL = "~";

export const sessionQuery = queryOptions({
  queryKey: keys.session,
  queryFn: () => answer(client.GET("/ui/session")),
  staleTime: Number.POSITIVE_INFINITY,
});

export interface DagSearch {
  q?: string;
  tags?: string[];
  owners?: string[];
  paused?: boolean;
  state?: "queued" | "running" | "success" | "failed";
  errors?: boolean;
  favourites?: boolean;
  page?: number;
}

export const DAGS_PER_PAGE = 50;

export const dagsQuery = (search: DagSearch) =>
  queryOptions({
    queryKey: [...keys.dags, search],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags", {
          params: {
            query: {
              limit: DAGS_PER_PAGE,
              offset: ((search.page ?? 1) - 1) * DAGS_PER_PAGE,
              dag_display_name_pattern: search.q ? `%${search.q}%` : undefined,
              tags: search.tags?.length ? search.tags : undefined,
              owners: search.owners?.length ? search.owners : undefined,
              paused: search.paused,
              last_dag_run_state: search.state,
              has_import_errors: search.errors,
              is_favorite: search.favourites,
            },
          },
        }),
      ),
  });

const MOST_FAVOURITES = 100;

/** The ids of the DAGs that the person has marked. */
export const favouritesQuery = queryOptions({
  queryKey: [...keys.dags, "favourites"],
  queryFn: async () => {
    const found = await answer(
      client.GET("/api/v2/dags", {
        params: { query: { is_favorite: true, limit: MOST_FAVOURITES } },
      }),
    );
    return new Set(found.dags.map((dag) => dag.dag_id));
  },
});

export const recentRunsQuery = (dagIds: string[]) =>
  queryOptions({
    queryKey: [...keys.recent, ...dagIds],
    queryFn: () =>
      answer(client.GET("/ui/dags/~/recentRuns", { params: { query: { dag_ids: dagIds } } })),
    enabled: dagIds.length > 0,
  });

export const tagsQuery = queryOptions({
  queryKey: ["tags"],
  queryFn: () => answer(client.GET("/api/v2/dagTags", { params: { query: { limit: 100 } } })),
});

export const ownersQuery = queryOptions({
  queryKey: [...keys.dags, "owners"],
  queryFn: () => answer(client.GET("/ui/owners")),
});

/** How many runs were due on which day, of the last year. */
export const calendarQuery = (dagId: string, zone: string) =>
  queryOptions({
    queryKey: [...keys.runs(dagId), "calendar", zone],
    queryFn: () =>
      answer(
        client.GET("/ui/dags/{dag_id}/calendar", {
          params: { path: { dag_id: dagId }, query: { zone } },
        }),
      ),
  });

export const dagQuery = (dagId: string) =>
  queryOptions({
    queryKey: keys.dag(dagId),
    queryFn: () =>
      answer(client.GET("/api/v2/dags/{dag_id}/details", { params: { path: { dag_id: dagId } } })),
  });

export const structureQuery = (dagId: string, version?: number) =>
  queryOptions({
    queryKey: [...keys.dag(dagId), "structure", version],
    queryFn: () =>
      answer(
        client.GET("/ui/dags/{dag_id}/structure", {
          params: { path: { dag_id: dagId }, query: { version_number: version } },
        }),
      ),
    // The stream tells of a new version; a version that has a number never changes. An entry without
    // a value would hide the default.
    ...(version === undefined ? {} : { staleTime: Number.POSITIVE_INFINITY }),
  });

export interface GridPart {
  /** Of a large DAG, as many of the newest runs as make that many cells. */
  mostCells?: number;
  /** Runs that were due by then, as the server writes moments. */
  until?: string;
  /** Whether the cells leave out when their tasks ran. */
  brief?: boolean;
}

/** The last runs with their tasks. */
export const gridQuery = (dagId: string, count: number, part: GridPart = {}) =>
  queryOptions({
    queryKey: [...keys.grid(dagId), count, part],
    queryFn: () =>
      answer(
        client.GET("/ui/dags/{dag_id}/grid", {
          params: {
            path: { dag_id: dagId },
            query: {
              count,
              most_cells: part.mostCells,
              until: part.until,
              brief: part.brief || undefined,
            },
          },
        }),
      ),
  });

export const columnQuery = (dagId: string, runId: string) =>
  queryOptions({
    queryKey: keys.column(dagId, runId),
    queryFn: () =>
      answer(
        client.GET("/ui/dags/{dag_id}/runs/{dag_run_id}/column", {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
        }),
      ),
  });

export interface RunSearch {
  state?: string;
  runType?: "manual" | "scheduled" | "backfill" | "asset_triggered";
  page?: number;
}

export const RUNS_PER_PAGE = 25;

export const runsQuery = (dagId: string, search: RunSearch, limit = RUNS_PER_PAGE) =>
  queryOptions({
    queryKey: [...keys.runs(dagId), search, limit],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagRuns", {
          params: {
            path: { dag_id: dagId },
            query: {
              limit,
              offset: ((search.page ?? 1) - 1) * limit,
              order_by: ["-run_after"],
              state: search.state ? [search.state] : undefined,
              run_type: search.runType ? [search.runType] : undefined,
            },
          },
        }),
      ),
  });

export const runQuery = (dagId: string, runId: string) =>
  queryOptions({
    queryKey: keys.run(dagId, runId),
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
        }),
      ),
  });

export const instanceQuery = (dagId: string, runId: string, taskId: string, mapIndex: number) =>
  queryOptions({
    queryKey: [...keys.instances(dagId, runId), taskId, mapIndex],
    queryFn: () =>
      mapIndex < 0
        ? answer(
            client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
              params: { path: { dag_id: dagId, dag_run_id: runId, task_id: taskId } },
            }),
          )
        : answer(
            client.GET(
              "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}",
              {
                params: {
                  path: {
                    dag_id: dagId,
                    dag_run_id: runId,
                    task_id: taskId,
                    map_index: mapIndex,
                  },
                },
              },
            ),
          ),
  });

export const errorsQuery = queryOptions({
  queryKey: keys.errors,
  queryFn: () =>
    answer(
      client.GET("/api/v2/importErrors", {
        params: { query: { limit: 50, order_by: ["-timestamp"] } },
      }),
    ),
});

export const healthQuery = queryOptions({
  queryKey: keys.health,
  queryFn: () => answer(client.GET("/api/v2/monitor/health")),
});

export const runCountsQuery = queryOptions({
  queryKey: [...keys.runs(ALL), "counts"],
  queryFn: () => answer(client.GET("/ui/runCounts")),
});

/** Have everything about a run asked for again. */
export function forgetRun(queries: QueryClient, dagId: string, runId: string): void {
  for (const queryKey of [
    keys.run(dagId, runId),
    keys.runs(dagId),
    keys.runs(ALL),
    keys.grid(dagId),
    keys.column(dagId, runId),
    keys.instances(dagId, runId),
    keys.recent,
  ]) {
    void queries.invalidateQueries({ queryKey });
  }
}

/** Every try of a task instance. */
export const triesQuery = (dagId: string, runId: string, taskId: string, mapIndex: number) =>
  queryOptions({
    queryKey: [...keys.instances(dagId, runId), taskId, mapIndex, "tries"],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries", {
          params: {
            path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
            query: { map_index: mapIndex },
          },
        }),
      ),
  });

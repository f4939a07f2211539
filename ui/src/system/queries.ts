/** What is asked about the deployment itself. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import { t } from "../language/language";

export const PER_PAGE = 50;
const MOST = 100;

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: async () => {
    const found = await answer(
      client.GET("/api/v2/config", { headers: { Accept: "application/json" } }),
    );
    if (typeof found === "string")
      throw new Error(t("The server has answered with text, not JSON."));
    return found;
  },
});

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: () => answer(client.GET("/api/v2/providers", { params: { query: { limit: MOST } } })),
});

export const pluginsQuery = queryOptions({
  queryKey: ["plugins"],
  queryFn: () => answer(client.GET("/api/v2/plugins", { params: { query: { limit: MOST } } })),
});

export const pluginErrorsQuery = queryOptions({
  queryKey: ["plugins", "errors"],
  queryFn: () => answer(client.GET("/api/v2/plugins/importErrors")),
});

export const jobsQuery = queryOptions({
  queryKey: [...keys.health, "jobs"],
  queryFn: () =>
    answer(
      client.GET("/api/v2/jobs", {
        params: { query: { limit: MOST, order_by: ["-latest_heartbeat"] } },
      }),
    ),
});

export interface AuditSearch {
  event?: string;
  user?: string;
  dag?: string;
  page?: number;
}

/** What was done with a DAG and all that belongs to it. */
export const dagEventsQuery = (dagId: string, page: number) =>
  queryOptions({
    // Runs that change, and changes of the DAG, have it asked for again.
    queryKey: [...keys.runs(dagId), "events", page],
    queryFn: () =>
      answer(
        client.GET("/api/v2/eventLogs", {
          params: {
            query: {
              limit: PER_PAGE,
              offset: (page - 1) * PER_PAGE,
              order_by: ["-when"],
              dag_id: dagId,
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

export const auditQuery = ({ event, user, dag, page = 1 }: AuditSearch) =>
  queryOptions({
    queryKey: ["audit", event, user, dag, page],
    queryFn: () =>
      answer(
        client.GET("/api/v2/eventLogs", {
          params: {
            query: {
              limit: PER_PAGE,
              offset: (page - 1) * PER_PAGE,
              order_by: ["-when"],
              event_pattern: event ? `%${event}%` : undefined,
              owner_pattern: user ? `%${user}%` : undefined,
              dag_id_pattern: dag ? `%${dag}%` : undefined,
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

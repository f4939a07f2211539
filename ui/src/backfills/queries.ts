/** What is asked of backfills; runs that change have the lists asked for again. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { ALL, keys } from "../api/queries";
import type { Body } from "./backfills.model";

export const PER_PAGE = 20;

export const backfillsKey = [...keys.runs(ALL), "backfills"] as const;

export const backfillsQuery = (dagId: string | undefined, page: number) =>
  queryOptions({
    queryKey: [...backfillsKey, dagId, page],
    queryFn: () =>
      answer(
        client.GET("/ui/backfills", {
          params: { query: { dag_id: dagId, limit: PER_PAGE, offset: (page - 1) * PER_PAGE } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** The dates that a backfill would run. */
export const previewQuery = (body: Body | null) =>
  queryOptions({
    queryKey: ["backfill-preview", body],
    queryFn: () =>
      body === null
        ? Promise.resolve(null)
        : answer(client.POST("/api/v2/backfills/dry_run", { body })),
    retry: false,
    staleTime: 0,
  });

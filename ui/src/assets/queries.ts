/** What is asked of assets; runs that change have it asked for again, for they make events. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { ALL, keys } from "../api/queries";
import type { Asset } from "./assets.model";

export const PER_PAGE = 25;
const PAGE = 100;
const MOST_DRAWN = 2000;

export const assetsKey = [...keys.runs(ALL), "assets"] as const;

export const ASSET_VIEWS = ["list", "graph", "events"] as const;

export interface AssetSearch {
  view?: (typeof ASSET_VIEWS)[number];
  /** A part of the name. */
  q?: string;
  page?: number;
}

export const assetsQuery = (q: string | undefined, page: number) =>
  queryOptions({
    queryKey: [...assetsKey, "list", q, page],
    queryFn: () =>
      answer(
        client.GET("/api/v2/assets", {
          params: {
            query: {
              limit: PER_PAGE,
              offset: (page - 1) * PER_PAGE,
              name_pattern: q ? `%${q}%` : undefined,
              order_by: ["name"],
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** All assets, as far as they can be drawn. */
export const allAssetsQuery = queryOptions({
  queryKey: [...assetsKey, "all"],
  queryFn: async () => {
    const assets: Asset[] = [];
    for (;;) {
      const query = { limit: PAGE, offset: assets.length, order_by: ["name"] };
      const found = await answer(client.GET("/api/v2/assets", { params: { query } }));
      assets.push(...found.assets);
      const isAll = found.assets.length === 0 || assets.length >= found.total_entries;
      if (isAll || assets.length >= MOST_DRAWN) return { assets, total: found.total_entries };
    }
  },
});

/** The assets that start a DAG, or that its tasks make or read. */
export const assetsOfDagQuery = (dagId: string) =>
  queryOptions({
    queryKey: ["dag", dagId, "assets"],
    queryFn: () =>
      answer(
        client.GET("/api/v2/assets", {
          params: { query: { dag_ids: [dagId], limit: PAGE, order_by: ["name"] } },
        }),
      ),
  });

export const assetQuery = (assetId: number) =>
  queryOptions({
    queryKey: [...assetsKey, "one", assetId],
    queryFn: () =>
      answer(client.GET("/api/v2/assets/{asset_id}", { params: { path: { asset_id: assetId } } })),
  });

export const eventsQuery = (assetId: number | undefined, q: string | undefined, page: number) =>
  queryOptions({
    queryKey: [...assetsKey, "events", assetId, q, page],
    queryFn: () =>
      answer(
        client.GET("/api/v2/assets/events", {
          params: {
            query: {
              limit: PER_PAGE,
              offset: (page - 1) * PER_PAGE,
              asset_id: assetId,
              name_pattern: q ? `%${q}%` : undefined,
              order_by: ["-timestamp"],
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** The DAGs that have taken notice of the asset's events and wait for others. */
export const queuedQuery = (assetId: number) =>
  queryOptions({
    queryKey: [...assetsKey, "queued", assetId],
    queryFn: () =>
      answer(
        client.GET("/api/v2/assets/{asset_id}/queuedEvents", {
          params: { path: { asset_id: assetId } },
        }),
      ),
  });

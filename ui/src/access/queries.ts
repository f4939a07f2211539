/** What is asked about people: oneself, users, roles and tokens. */
import { queryOptions } from "@tanstack/react-query";
import { answer, client, type Schemas } from "../api/client";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => answer(client.GET("/auth/me")),
});

export const tokensKey = ["tokens"] as const;

/** One's own tokens, or those of everybody (`~`). */
export const tokensQuery = (username?: string) =>
  queryOptions({
    queryKey: [...tokensKey, username],
    queryFn: () => answer(client.GET("/auth/tokens", { params: { query: { username } } })),
  });

const MOST_ROLES = 100;

export const rolesKey = ["roles"] as const;

export const rolesQuery = queryOptions({
  queryKey: [...rolesKey, "all"],
  queryFn: () =>
    answer(client.GET("/auth/fab/v1/roles", { params: { query: { limit: MOST_ROLES } } })),
});

/** Everything that a role can give. */
export const permissionsQuery = queryOptions({
  queryKey: ["permissions"],
  queryFn: async () => {
    const actions: Schemas["ActionResource"][] = [];
    for (;;) {
      const query = { limit: MOST_ROLES, offset: actions.length };
      const page = await answer(client.GET("/auth/fab/v1/permissions", { params: { query } }));
      actions.push(...page.actions);
      if (page.actions.length === 0 || actions.length >= page.total_entries) return actions;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});

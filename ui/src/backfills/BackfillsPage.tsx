import { Select, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useLive } from "../api/live";
import { dagsQuery } from "../api/queries";
import { t } from "../language/language";
import { BackfillList } from "./BackfillList";

export interface BackfillSearch {
  dag?: string;
  page?: number;
  create?: boolean;
}

/** The backfills of all DAGs. */
export function BackfillsPage() {
  useLive();
  const { dag, page = 1, create = false } = useSearch({ from: "/backfills" });
  const navigate = useNavigate({ from: "/backfills" });
  const dags = useQuery(dagsQuery({})).data?.dags ?? [];
  const names = new Set(dags.map((one) => one.dag_id));
  if (dag !== undefined) names.add(dag);
  const change = (part: BackfillSearch) =>
    void navigate({ search: (old) => ({ ...old, page: undefined, ...part }) });
  return (
    <Stack>
      <Title order={1} size="h2">
        {t("Backfills")}
      </Title>
      <BackfillList
        dagId={dag}
        page={page}
        onPage={(next) => change({ page: next })}
        isCreating={create}
        filter={
          <Select
            aria-label={t("DAG")}
            placeholder={t("All DAGs")}
            clearable
            searchable
            data={[...names].sort()}
            value={dag ?? null}
            onChange={(chosen) => change({ dag: chosen ?? undefined })}
          />
        }
        onCreating={(isCreating) => change({ create: isCreating || undefined })}
      />
    </Stack>
  );
}

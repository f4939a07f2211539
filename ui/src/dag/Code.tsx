import { Group, Select, Stack } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { answer, client } from "../api/client";
import { useZone } from "../design/clock";
import { Shown, Waiting } from "../design/Feedback";
import { absolute } from "../design/time.model";
import { t } from "../language/language";

const Source = lazy(() => import("../design/Source"));

const versionsQuery = (dagId: string) =>
  queryOptions({
    queryKey: ["dag", dagId, "versions"],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagVersions", {
          params: {
            path: { dag_id: dagId },
            query: { limit: 100, order_by: ["-version_number"] },
          },
        }),
      ),
  });

export const sourceQuery = (dagId: string, version: number | undefined) =>
  queryOptions({
    queryKey: ["dag", dagId, "source", version],
    queryFn: async () => {
      const found = await answer(
        client.GET("/api/v2/dagSources/{dag_id}", {
          params: {
            path: { dag_id: dagId },
            query: { version_number: version },
            header: { accept: "application/json" },
          },
        }),
      );
      return typeof found === "string" ? found : (found.content ?? "");
    },
  });

/** The DAG's file, of any version, and what has changed between two. */
export default function Code({ dagId }: { dagId: string }) {
  const { version, against } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const zone = useZone();
  const versions = useQuery(versionsQuery(dagId));
  const source = useQuery(sourceQuery(dagId, version));
  const other = useQuery({ ...sourceQuery(dagId, against), enabled: against !== undefined });
  const choices = (versions.data?.dag_versions ?? []).map((one) => ({
    value: String(one.version_number),
    label: t("Version {versionNumber}, {absolute}", {
      versionNumber: one.version_number,
      absolute: absolute(Date.parse(one.created_at), zone),
    }),
  }));
  return (
    <Stack>
      <Group>
        <Select
          label={t("Version")}
          data={choices}
          value={version === undefined ? (choices[0]?.value ?? null) : String(version)}
          onChange={(chosen) =>
            void navigate({
              search: (old) => ({ ...old, version: chosen ? Number(chosen) : undefined }),
            })
          }
          w={300}
        />
        <Select
          label={t("Compared with")}
          placeholder={t("nothing")}
          clearable
          data={choices}
          value={against === undefined ? null : String(against)}
          onChange={(chosen) =>
            void navigate({
              search: (old) => ({ ...old, against: chosen ? Number(chosen) : undefined }),
            })
          }
          w={300}
        />
      </Group>
      <Shown asked={source} what={t("The code")}>
        {(found) => (
          <Suspense fallback={<Waiting what={t("The code")} />}>
            <Source
              text={found}
              before={against === undefined ? undefined : other.data}
              language="python"
            />
          </Suspense>
        )}
      </Shown>
    </Stack>
  );
}

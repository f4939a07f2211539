import {
  Anchor,
  Group,
  Pagination,
  SegmentedControl,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useLive } from "../api/live";
import { Empty, Shown, Waiting } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { t } from "../language/language";
import { Said } from "../language/Said";
import type { Asset } from "./assets.model";
import { Events } from "./Events";
import { type AssetSearch, assetsQuery, PER_PAGE } from "./queries";

const AssetGraph = lazy(() => import("./AssetGraph"));

/** What DAGs make and wait for. */
export function AssetsPage() {
  useLive();
  const { view = "list", q, page = 1 } = useSearch({ from: "/assets" });
  const navigate = useNavigate({ from: "/assets" });
  const change = (part: AssetSearch) =>
    void navigate({
      search: (old) => ({ ...old, page: undefined, ...part }),
      replace: "q" in part,
    });
  return (
    <Stack>
      <Title order={1} size="h2">
        {t("Assets")}
      </Title>
      <Group>
        <SegmentedControl
          aria-label={t("View")}
          data={[
            { value: "list", label: t("List") },
            { value: "graph", label: t("Graph") },
            { value: "events", label: t("Events") },
          ]}
          value={view}
          onChange={(chosen) =>
            change({ view: chosen === "list" ? undefined : (chosen as AssetSearch["view"]) })
          }
        />
        <TextInput
          data-search
          aria-label={t("Find an asset")}
          placeholder={t("Name  ( / )")}
          leftSection={<IconSearch size={15} />}
          value={q ?? ""}
          onChange={(event) => change({ q: event.currentTarget.value || undefined })}
        />
      </Group>
      {view === "graph" ? (
        <Suspense fallback={<Waiting what={t("The graph")} />}>
          <AssetGraph find={q ?? ""} />
        </Suspense>
      ) : view === "events" ? (
        <Events find={q} page={page} onPage={(next) => change({ page: next })} />
      ) : (
        <List find={q} page={page} onPage={(next) => change({ page: next })} />
      )}
    </Stack>
  );
}

function List({
  find,
  page,
  onPage,
}: {
  find: string | undefined;
  page: number;
  onPage: (page: number) => void;
}) {
  const asked = useQuery(assetsQuery(find, page));
  return (
    <Shown asked={asked} what={t("The assets")}>
      {({ assets, total_entries }) =>
        assets.length === 0 ? (
          <Empty title={find ? t("No asset is called like that") : t("There is no asset yet")}>
            {find ? null : (
              <Said
                text="An asset is something that tasks make, named in {code}. DAGs with {code2} run when it has been made anew."
                code={<code>outlets=[Asset(…)]</code>}
                code2={<code>schedule=[Asset(…)]</code>}
              />
            )}
          </Empty>
        ) : (
          <>
            <Table.ScrollContainer minWidth={760}>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("Asset")}</Table.Th>
                    <Table.Th>{t("Group")}</Table.Th>
                    <Table.Th>{t("Made by")}</Table.Th>
                    <Table.Th>{t("Starts")}</Table.Th>
                    <Table.Th>{t("Last event")}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {assets.map((asset) => (
                    <Line key={asset.id} asset={asset} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Group justify="space-between">
              <Text size="sm" c="dimmed">
                <Said text="{totalEntries} in all" totalEntries={total_entries} />
              </Text>
              {total_entries > PER_PAGE ? (
                <Pagination
                  total={Math.ceil(total_entries / PER_PAGE)}
                  value={page}
                  onChange={onPage}
                  getControlProps={(control) => ({ "aria-label": `${control} page` })}
                />
              ) : null}
            </Group>
          </>
        )
      }
    </Shown>
  );
}

function Line({ asset }: { asset: Asset }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor
          size="sm"
          fw={600}
          renderRoot={(props) => (
            <Link to="/assets/$assetId" params={{ assetId: String(asset.id) }} {...props} />
          )}
        >
          {asset.name}
        </Anchor>
        {asset.uri === asset.name ? null : (
          <Text size="xs" c="dimmed" ff="monospace">
            {asset.uri}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{asset.group}</Table.Td>
      <Table.Td>
        <Dags ids={asset.producing_tasks.map((task) => task.dag_id)} />
      </Table.Td>
      <Table.Td>
        <Dags ids={asset.scheduled_dags.map((dag) => dag.dag_id)} />
      </Table.Td>
      <Table.Td>
        <Ago at={asset.last_asset_event?.timestamp} />
      </Table.Td>
    </Table.Tr>
  );
}

function Dags({ ids }: { ids: string[] }) {
  const all = [...new Set(ids)];
  if (all.length === 0) return <span>–</span>;
  return (
    <Group gap={8}>
      {all.map((dagId) => (
        <Anchor
          key={dagId}
          size="sm"
          renderRoot={(props) => <Link to="/dags/$dagId" params={{ dagId }} {...props} />}
        >
          {dagId}
        </Anchor>
      ))}
    </Group>
  );
}

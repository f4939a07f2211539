import {
  Anchor,
  Badge,
  Group,
  MultiSelect,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { answer, client, type Schemas } from "../api/client";
import { useLive } from "../api/live";
import {
  DAGS_PER_PAGE,
  type DagSearch,
  dagsQuery,
  favouritesQuery,
  keys,
  ownersQuery,
  recentRunsQuery,
  tagsQuery,
} from "../api/queries";
import { type Chosen, useChosen } from "../design/chosen";
import { Empty, Shown } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { Pages } from "../design/Pages";
import { RunBars } from "../design/RunBars";
import { Tick, TickAll } from "../design/Tick";
import { useWords } from "../design/words";
import { plural, t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { TriggerButton } from "../trigger/TriggerButton";
import { DagsBulk } from "./DagsBulk";
import { Favourite } from "./Favourite";
import { ImportErrors } from "./ImportErrors";

type Dag = Schemas["DAGResponse"];

const NONE: ReadonlySet<string> = new Set();

/** All DAGs, with their last runs. */
export function DagsPage() {
  useLive();
  const search = useSearch({ from: "/dags" });
  const asked = useQuery({ ...dagsQuery(search), placeholderData: keepPreviousData });
  const ids = asked.data?.dags.map((dag) => dag.dag_id) ?? [];
  const recent = useQuery({ ...recentRunsQuery(ids), placeholderData: keepPreviousData });
  return (
    <Stack>
      <Title order={1} size="h2">
        {t("DAGs")}
      </Title>
      <ImportErrors />
      <Filters search={search} />
      <Shown asked={asked} what={t("The DAGs")}>
        {(found) =>
          found.dags.length === 0 ? (
            <Nothing search={search} />
          ) : (
            <List
              dags={found.dags}
              runs={recent.data?.runs ?? {}}
              total={found.total_entries ?? 0}
            />
          )
        }
      </Shown>
    </Stack>
  );
}

function Nothing({ search }: { search: DagSearch }) {
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  return isFiltered ? (
    <Empty title={t("No DAG is like that")}>
      <Anchor renderRoot={(props) => <Link to="/dags" search={{}} {...props} />}>
        {t("Show all DAGs")}
      </Anchor>
    </Empty>
  ) : (
    <Empty title={t("There are no DAGs yet")}>
      {t(
        "Put a Python file with a DAG into the folder that the server named when it started. It appears here a moment after it was saved.",
      )}
    </Empty>
  );
}

function Filters({ search }: { search: DagSearch }) {
  const navigate = useNavigate({ from: "/dags" });
  const tags = useQuery(tagsQuery);
  const owners = useQuery(ownersQuery);
  const words = useWords();
  const change = (part: Partial<DagSearch>) =>
    navigate({ search: (old) => ({ ...old, page: undefined, ...part }), replace: true });
  const find = useDebouncedCallback((q: string) => void change({ q: q || undefined }), 200);
  return (
    <Group role="search" aria-label={t("DAGs")}>
      <TextInput
        data-search
        aria-label={t("Find DAGs by name")}
        placeholder={t("Name  ( / )")}
        leftSection={<IconSearch size={15} />}
        defaultValue={search.q ?? ""}
        onChange={(event) => find(event.currentTarget.value)}
        w={190}
      />
      <MultiSelect
        aria-label={t("Tags")}
        placeholder={search.tags?.length ? undefined : t("Tags")}
        data={tags.data?.tags ?? []}
        value={search.tags ?? []}
        onChange={(chosen) => void change({ tags: chosen.length ? chosen : undefined })}
        searchable
        clearable
        miw={120}
        maw={170}
      />
      <MultiSelect
        aria-label={t("Owners")}
        placeholder={search.owners?.length ? undefined : t("Owners")}
        data={owners.data?.owners ?? search.owners ?? []}
        value={search.owners ?? []}
        onChange={(chosen) => void change({ owners: chosen.length ? chosen : undefined })}
        searchable
        clearable
        miw={120}
        maw={170}
      />
      <Select
        aria-label={t("State of the last run")}
        placeholder={t("Last run")}
        data={words.run_states.map((one) => ({ value: one.state, label: one.label }))}
        value={search.state ?? null}
        onChange={(state) => void change({ state: (state ?? undefined) as DagSearch["state"] })}
        clearable
        w={150}
      />
      <SegmentedControl
        aria-label={t("Paused or not")}
        data={[
          { value: "All", label: t("All") },
          { value: "Active", label: t("Active") },
          { value: "Paused", label: t("Paused") },
        ]}
        value={search.paused === undefined ? "All" : search.paused ? "Paused" : "Active"}
        onChange={(chosen) =>
          void change({ paused: chosen === "All" ? undefined : chosen === "Paused" })
        }
      />
      <Switch
        label={t("Favourites")}
        checked={search.favourites === true}
        onChange={(event) => void change({ favourites: event.currentTarget.checked || undefined })}
      />
    </Group>
  );
}

function List({
  dags,
  runs,
  total,
}: {
  dags: Dag[];
  runs: Schemas["RecentRunsResponse"]["runs"];
  total: number;
}) {
  const navigate = useNavigate({ from: "/dags" });
  const { page = 1 } = useSearch({ from: "/dags" });
  const { may } = useSession();
  const { data: favourites = NONE } = useQuery(favouritesQuery);
  const ordered = useMemo(
    () =>
      [...dags].sort((a, b) => Number(favourites.has(b.dag_id)) - Number(favourites.has(a.dag_id))),
    [dags, favourites],
  );
  const listed = useMemo(() => ordered.map((dag) => dag.dag_id), [ordered]);
  const chosen = useChosen(listed);
  const mayChoose = may("edit", "dag");
  return (
    <>
      <DagsBulk dags={ordered.filter((dag) => chosen.has(dag.dag_id))} onDone={chosen.clear} />
      <Table.ScrollContainer minWidth={760}>
        <Table highlightOnHover verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              {mayChoose ? <TickAll chosen={chosen} /> : null}
              <Table.Th w={90}>{t("Active")}</Table.Th>
              <Table.Th>{t("DAG")}</Table.Th>
              <Table.Th>{t("Schedule")}</Table.Th>
              <Table.Th>{t("Last runs")}</Table.Th>
              <Table.Th>{t("Last run")}</Table.Th>
              <Table.Th>{t("Next run")}</Table.Th>
              <Table.Th w={50} aria-label={t("Actions")} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {ordered.map((dag) => (
              <Row
                key={dag.dag_id}
                dag={dag}
                runs={runs[dag.dag_id] ?? []}
                isFavourite={favourites.has(dag.dag_id)}
                chosen={mayChoose ? chosen : null}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Pages
        total={total}
        perPage={DAGS_PER_PAGE}
        page={page}
        onPage={(next) => void navigate({ search: (old) => ({ ...old, page: next }) })}
      >
        {plural(total, "{count} DAG", "{count} DAGs")}
      </Pages>
    </>
  );
}

function Row({
  dag,
  runs,
  isFavourite,
  chosen,
}: {
  dag: Dag;
  runs: Schemas["RunBar"][];
  isFavourite: boolean;
  chosen: Chosen | null;
}) {
  const last = runs[0];
  return (
    <Table.Tr>
      {chosen ? <Tick chosen={chosen} id={dag.dag_id} /> : null}
      <Table.Td>
        <Group gap={4} wrap="nowrap">
          <Favourite dagId={dag.dag_id} isMarked={isFavourite} />
          <PauseSwitch dag={dag} />
        </Group>
      </Table.Td>
      <Table.Td>
        <Anchor
          fw={600}
          lh="24px"
          display="inline-block"
          renderRoot={(props) => (
            <Link to="/dags/$dagId" params={{ dagId: dag.dag_id }} {...props} />
          )}
        >
          {dag.dag_display_name}
        </Anchor>
        <Group gap={4}>
          {dag.tags.map((tag) => (
            <Badge
              key={tag.name}
              size="sm"
              h={24}
              variant="default"
              tt="none"
              renderRoot={(props) => <Link to="/dags" search={{ tags: [tag.name] }} {...props} />}
              style={{ cursor: "pointer" }}
            >
              {tag.name}
            </Badge>
          ))}
          {dag.description ? (
            <Text size="xs" c="dimmed" lineClamp={1}>
              {dag.description}
            </Text>
          ) : null}
        </Group>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{dag.timetable_summary ?? "–"}</Text>
        {dag.timetable_summary && dag.timetable_description ? (
          <Text size="xs" c="dimmed" maw={180} truncate title={dag.timetable_description}>
            {dag.timetable_description}
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td>
        <RunBars dagId={dag.dag_id} runs={runs} />
      </Table.Td>
      <Table.Td>
        <Text size="sm">
          <Ago at={last?.start_date ?? last?.run_after} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{dag.is_paused ? "–" : <Ago at={dag.next_dagrun_run_after} />}</Text>
      </Table.Td>
      <Table.Td>
        <TriggerButton dagId={dag.dag_id} isIcon />
      </Table.Td>
    </Table.Tr>
  );
}

/** Pauses and unpauses: shown at once, taken back if the server refuses. */
export function PauseSwitch({ dag }: { dag: Pick<Dag, "dag_id" | "is_paused"> }) {
  const { may } = useSession();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (isPaused: boolean) =>
      answer(
        client.PATCH("/api/v2/dags/{dag_id}", {
          params: { path: { dag_id: dag.dag_id } },
          body: { is_paused: isPaused },
        }),
      ),
    onError: (error) =>
      notifications.show({
        color: "red",
        title: t("{dagId} stays as it was", { dagId: dag.dag_id }),
        message: error.message,
      }),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: keys.dags });
      void queries.invalidateQueries({ queryKey: keys.dag(dag.dag_id) });
    },
  });
  const isPaused = change.isPending ? change.variables : dag.is_paused;
  return (
    <Switch
      size="sm"
      checked={!isPaused}
      disabled={!may("edit", "dag")}
      aria-label={t("{dagId} is active", { dagId: dag.dag_id })}
      onChange={(event) => change.mutate(!event.currentTarget.checked)}
    />
  );
}

import { Anchor, Group, Select, Stack, Table } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { RUNS_PER_PAGE, type RunSearch, runsQuery } from "../api/queries";
import { useChosen } from "../design/chosen";
import { Empty, Shown } from "../design/Feedback";
import { At, Lasted } from "../design/Moment";
import { Pages } from "../design/Pages";
import { State } from "../design/State";
import { Tick, TickAll } from "../design/Tick";
import { useWords } from "../design/words";
import { plural, t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { RunsBulk } from "./RunsBulk";

/** All runs of a DAG. */
export default function Runs({ dagId }: { dagId: string }) {
  const { state, runType, page = 1 } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const words = useWords();
  const asked = useQuery({
    ...runsQuery(dagId, { state, runType, page }),
    placeholderData: keepPreviousData,
  });
  const { may } = useSession();
  const listed = useMemo(
    () => asked.data?.dag_runs.map((run) => run.dag_run_id) ?? [],
    [asked.data],
  );
  const chosen = useChosen(listed);
  const mayChoose = may("edit", "dag_run") || may("delete", "dag_run");
  const change = (part: RunSearch) =>
    void navigate({ search: (old) => ({ ...old, page: undefined, ...part }) });
  return (
    <Stack>
      <Group>
        <Select
          aria-label={t("State")}
          placeholder={t("State")}
          clearable
          data={words.run_states.map((one) => ({ value: one.state, label: one.label }))}
          value={state ?? null}
          onChange={(next) => change({ state: next ?? undefined })}
        />
        <Select
          aria-label={t("Kind of run")}
          placeholder={t("Kind")}
          clearable
          data={["manual", "scheduled", "backfill", "asset_triggered"].map((one) => ({
            value: one,
            label: words.run_types[one] ?? one,
          }))}
          value={runType ?? null}
          onChange={(next) => change({ runType: (next ?? undefined) as RunSearch["runType"] })}
        />
      </Group>
      <RunsBulk
        dagId={dagId}
        runs={(asked.data?.dag_runs ?? []).filter((run) => chosen.has(run.dag_run_id))}
        onDone={chosen.clear}
      />
      <Shown asked={asked} what={t("The runs")}>
        {(found) =>
          found.dag_runs.length === 0 ? (
            <Empty title={t("There is no such run")} />
          ) : (
            <>
              <Table.ScrollContainer minWidth={720}>
                <Table highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      {mayChoose ? <TickAll chosen={chosen} /> : null}
                      <Table.Th>{t("Run")}</Table.Th>
                      <Table.Th>{t("State")}</Table.Th>
                      <Table.Th>{t("Kind")}</Table.Th>
                      <Table.Th>{t("Logical date")}</Table.Th>
                      <Table.Th>{t("Started")}</Table.Th>
                      <Table.Th>{t("Took")}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {found.dag_runs.map((run) => (
                      <Table.Tr key={run.dag_run_id}>
                        {mayChoose ? <Tick chosen={chosen} id={run.dag_run_id} /> : null}
                        <Table.Td>
                          <Anchor
                            size="sm"
                            renderRoot={(props) => (
                              <Link
                                to="/dags/$dagId/runs/$runId"
                                params={{ dagId, runId: run.dag_run_id }}
                                {...props}
                              />
                            )}
                          >
                            {run.dag_run_id}
                          </Anchor>
                        </Table.Td>
                        <Table.Td>
                          <State state={run.state} />
                        </Table.Td>
                        <Table.Td>{words.run_types[run.run_type] ?? run.run_type}</Table.Td>
                        <Table.Td>
                          <At at={run.logical_date} />
                        </Table.Td>
                        <Table.Td>
                          <At at={run.start_date} />
                        </Table.Td>
                        <Table.Td>
                          <Lasted from={run.start_date} to={run.end_date} />
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Pages
                total={found.total_entries ?? 0}
                perPage={RUNS_PER_PAGE}
                page={page}
                onPage={(next) => void navigate({ search: (old) => ({ ...old, page: next }) })}
              >
                {plural(found.total_entries ?? 0, "{count} run", "{count} runs")}
              </Pages>
            </>
          )
        }
      </Shown>
    </Stack>
  );
}

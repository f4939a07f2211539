import { Anchor, Code, Group, Pagination, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { Empty, Shown } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { State } from "../design/State";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { eventsQuery, PER_PAGE } from "./queries";

type Event = Schemas["AssetEventResponse"];

/** Events of one asset, or of all: where each came from, what it says, and what it started. */
export function Events({
  assetId,
  find,
  page,
  onPage,
}: {
  assetId?: number;
  find?: string;
  page: number;
  onPage: (page: number) => void;
}) {
  const asked = useQuery(eventsQuery(assetId, find, page));
  return (
    <Shown asked={asked} what={t("The events")}>
      {({ asset_events, total_entries }) =>
        asset_events.length === 0 ? (
          <Empty title={find ? t("No event of such an asset") : t("There is no event yet")}>
            <Said
              text="A task that has the asset in its {code} makes one when it succeeds."
              code={<code>outlets</code>}
            />
          </Empty>
        ) : (
          <Stack>
            <Table.ScrollContainer minWidth={760}>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("When")}</Table.Th>
                    {assetId === undefined ? <Table.Th>{t("Asset")}</Table.Th> : null}
                    <Table.Th>{t("Made by")}</Table.Th>
                    <Table.Th>{t("Extra")}</Table.Th>
                    <Table.Th>{t("Started")}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {asset_events.map((event) => (
                    <Line key={event.id} event={event} hasAsset={assetId === undefined} />
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
          </Stack>
        )
      }
    </Shown>
  );
}

function Line({ event, hasAsset }: { event: Event; hasAsset: boolean }) {
  const extra = (event.extra ?? {}) as Record<string, unknown>;
  return (
    <Table.Tr>
      <Table.Td>
        <Ago at={event.timestamp} />
        {event.partition_key ? (
          <Text size="xs" c="dimmed">
            <Said text="partition {partitionKey}" partitionKey={event.partition_key} />
          </Text>
        ) : null}
      </Table.Td>
      {hasAsset ? (
        <Table.Td>
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/assets/$assetId" params={{ assetId: String(event.asset_id) }} {...props} />
            )}
          >
            {event.name}
          </Anchor>
        </Table.Td>
      ) : null}
      <Table.Td>
        <Source event={event} />
      </Table.Td>
      <Table.Td>
        {Object.keys(extra).length > 0 ? <Code>{JSON.stringify(extra)}</Code> : "–"}
      </Table.Td>
      <Table.Td>
        <Stack gap={2}>
          {event.created_dagruns.map((run) => (
            <Group key={`${run.dag_id} ${run.run_id}`} gap={8} wrap="nowrap">
              <State state={run.state} />
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link
                    to="/dags/$dagId/runs/$runId"
                    params={{ dagId: run.dag_id, runId: run.run_id }}
                    {...props}
                  />
                )}
              >
                {run.dag_id}
              </Anchor>
            </Group>
          ))}
          {event.created_dagruns.length === 0 ? "–" : null}
        </Stack>
      </Table.Td>
    </Table.Tr>
  );
}

function Source({ event }: { event: Event }) {
  const { source_dag_id: dagId, source_run_id: runId, source_task_id: taskId } = event;
  if (!dagId || !runId || !taskId) return <span>{t("somebody, by hand or from outside")}</span>;
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => (
        <Link
          to="/dags/$dagId/runs/$runId/tasks/$taskId"
          params={{ dagId, runId, taskId }}
          search={event.source_map_index >= 0 ? { map: event.source_map_index } : {}}
          {...props}
        />
      )}
    >
      {dagId} · {taskId}
      {event.source_map_index >= 0 ? ` [${event.source_map_index}]` : ""}
    </Anchor>
  );
}

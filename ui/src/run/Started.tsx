import { Anchor, List, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client, type Schemas } from "../api/client";
import { keys } from "../api/queries";
import { Shown } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { t } from "../language/language";

/** The events of assets that a run was started by. */
export function Started({ run }: { run: Schemas["DAGRunResponse"] }) {
  const { dag_id: dagId, dag_run_id: runId } = run;
  const asked = useQuery({
    queryKey: [...keys.run(dagId, runId), "started-by"],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents", {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
        }),
      ),
    enabled: run.run_type === "asset_triggered",
  });
  if (run.run_type !== "asset_triggered") return null;
  return (
    <section aria-label={t("Why it started")}>
      <Text fw={600} mb={4}>
        {t("Why it started")}
      </Text>
      <Shown asked={asked} what={t("The events")}>
        {({ asset_events: events }) => (
          <List size="sm">
            {events.map((event) => (
              <List.Item key={event.id}>
                <Anchor
                  size="sm"
                  renderRoot={(props) => (
                    <Link
                      to="/assets/$assetId"
                      params={{ assetId: String(event.asset_id) }}
                      {...props}
                    />
                  )}
                >
                  {event.name ?? event.uri}
                </Anchor>{" "}
                <Ago at={event.timestamp} />
                {event.source_dag_id ? `, ${event.source_dag_id}` : ""}
                {event.source_task_id ? `.${event.source_task_id}` : ""}
              </List.Item>
            ))}
          </List>
        )}
      </Shown>
    </section>
  );
}

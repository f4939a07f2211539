import {
  Anchor,
  Badge,
  Card,
  Group,
  Pagination,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useLive } from "../api/live";
import { Empty, Shown } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { State } from "../design/State";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import { type Asked, isFor, isWaiting } from "./approvals.model";
import { type ApprovalSearch, approvalsQuery, PER_PAGE } from "./queries";

/** What tasks ask people, and what people have answered. */
export function ApprovalsPage() {
  useLive();
  const search = useSearch({ from: "/approvals" });
  const { show = "waiting", q, dag, page = 1 } = search;
  const navigate = useNavigate({ from: "/approvals" });
  const asked = useQuery(approvalsQuery(search));
  const change = (part: ApprovalSearch) =>
    void navigate({
      search: (old) => ({ ...old, page: undefined, ...part }),
      replace: part.q !== undefined,
    });
  return (
    <Stack>
      <Title order={1} size="h2">
        {t("Approvals")}
      </Title>
      <Group>
        <SegmentedControl
          aria-label={t("Which")}
          data={[
            { value: "waiting", label: t("Waiting") },
            { value: "answered", label: t("Answered") },
            { value: "all", label: t("All") },
          ]}
          value={show}
          onChange={(chosen) =>
            change({
              show: chosen === "waiting" ? undefined : (chosen as ApprovalSearch["show"]),
            })
          }
        />
        <TextInput
          data-search
          aria-label={t("Find a subject")}
          placeholder={t("Subject  ( / )")}
          leftSection={<IconSearch size={15} />}
          value={q ?? ""}
          onChange={(event) => change({ q: event.currentTarget.value || undefined })}
        />
        {dag === undefined ? null : (
          <Badge
            variant="light"
            size="lg"
            tt="none"
            rightSection={
              <Anchor
                size="xs"
                renderRoot={(props) => <Link to="/approvals" search={{ show, q }} {...props} />}
              >
                {t("all DAGs")}
              </Anchor>
            }
          >
            {dag}
          </Badge>
        )}
      </Group>
      <Shown asked={asked} what={t("The approvals")}>
        {(found) =>
          found.hitl_details.length === 0 ? (
            <Nothing show={show} isSearch={q !== undefined || dag !== undefined} />
          ) : (
            <>
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }}>
                {found.hitl_details.map((one) => (
                  <Line key={one.task_instance.id} asked={one} />
                ))}
              </Stack>
              <Group justify="space-between">
                <Text size="sm" c="dimmed">
                  <Said text="{totalEntries} in all" totalEntries={found.total_entries} />
                </Text>
                {(found.total_entries ?? 0) > PER_PAGE ? (
                  <Pagination
                    total={Math.ceil((found.total_entries ?? 0) / PER_PAGE)}
                    value={page}
                    onChange={(next) => change({ page: next })}
                    getControlProps={(control) => ({ "aria-label": `${control} page` })}
                  />
                ) : null}
              </Group>
            </>
          )
        }
      </Shown>
    </Stack>
  );
}

function Nothing({ show, isSearch }: { show: string; isSearch: boolean }) {
  if (isSearch)
    return <Empty title={t("No question is like that")}>{t("Search for something else.")}</Empty>;
  if (show === "waiting") {
    return (
      <Empty title={t("Nobody is waiting for you")}>
        <Said
          text="Tasks ask people with {code}, {code2} and their kin; what they ask appears here at once."
          code={<code>ApprovalOperator</code>}
          code2={<code>HITLOperator</code>}
        />
      </Empty>
    );
  }
  return <Empty title={t("Nothing has been asked yet")} />;
}

function Line({ asked }: { asked: Asked }) {
  const { user } = useSession();
  const one = asked.task_instance;
  const people = asked.assigned_users ?? [];
  return (
    <Card withBorder padding="sm" component="li">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Stack gap={2} style={{ minWidth: 0 }}>
          <Anchor
            fw={600}
            renderRoot={(props) => (
              <Link
                to="/dags/$dagId/runs/$runId/tasks/$taskId/required_actions"
                params={{ dagId: one.dag_id, runId: one.dag_run_id, taskId: one.task_id }}
                search={{ map_index: one.map_index >= 0 ? one.map_index : undefined }}
                {...props}
              />
            )}
          >
            {asked.subject}
          </Anchor>
          <Text size="sm" c="dimmed">
            {one.dag_display_name ?? one.dag_id} · {one.dag_run_id} · {one.task_display_name}
            {one.map_index >= 0 ? ` [${one.rendered_map_index ?? one.map_index}]` : ""}
          </Text>
          {people.length > 0 ? (
            <Text size="xs" c="dimmed">
              <Said text="for {part}" part={people.map((person) => person.name).join(", ")} />
            </Text>
          ) : null}
        </Stack>
        <Stack gap={2} align="flex-end" style={{ flex: "none" }}>
          {asked.response_received ? (
            <>
              <Group gap={4}>
                {(asked.chosen_options ?? []).map((option) => (
                  <Badge key={option} variant="light" tt="none">
                    {option}
                  </Badge>
                ))}
              </Group>
              <Text size="xs" c="dimmed">
                {asked.responded_by_user?.name ?? t("nobody in time")},{" "}
                <Ago at={asked.responded_at} />
              </Text>
            </>
          ) : (
            <>
              {isWaiting(asked) && isFor(asked, user.name) ? (
                <Badge color="pink" variant="filled">
                  {t("needs an answer")}
                </Badge>
              ) : (
                <State state={one.state} />
              )}
              <Text size="xs" c="dimmed">
                <Said text="asked {ago}" ago={<Ago at={asked.created_at} />} />
              </Text>
            </>
          )}
        </Stack>
      </Group>
    </Card>
  );
}

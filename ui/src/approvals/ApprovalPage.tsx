import {
  Alert,
  Anchor,
  Badge,
  Breadcrumbs,
  Button,
  Card,
  Checkbox,
  Group,
  Stack,
  Table,
  Text,
  Title,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { answer, client } from "../api/client";
import { useLive } from "../api/live";
import { forgetRun } from "../api/queries";
import { Shown, Trouble, Waiting } from "../design/Feedback";
import { Ago, At } from "../design/Moment";
import { State } from "../design/State";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import { shown as textOf } from "../trigger/params.model";
import { Input } from "../trigger/TriggerForm";
import { type Asked, fieldsAsked, isFor, isWaiting, optionsIn, typedInto } from "./approvals.model";
import { approvalQuery, approvalsKey } from "./queries";

const Markdown = lazy(() => import("../design/Markdown"));
const FROM = "/dags/$dagId/runs/$runId/tasks/$taskId/required_actions";

/** One question of a task: the form to answer it, or the answer. */
export function ApprovalPage() {
  const { dagId, runId, taskId } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  useLive(dagId);
  const asked = useQuery(approvalQuery(dagId, runId, taskId, search.map_index ?? -1));
  return (
    <Stack maw={860}>
      <Breadcrumbs>
        <Anchor renderRoot={(props) => <Link to="/approvals" {...props} />}>
          {t("Approvals")}
        </Anchor>
        <Text>{taskId}</Text>
      </Breadcrumbs>
      <Shown asked={asked} what={t("The question")}>
        {(found) => <Page asked={found} prefilled={search} />}
      </Shown>
    </Stack>
  );
}

function Page({ asked, prefilled }: { asked: Asked; prefilled: Record<string, unknown> }) {
  const { user, may } = useSession();
  const one = asked.task_instance;
  const people = asked.assigned_users ?? [];
  const place = { dagId: one.dag_id, runId: one.dag_run_id, taskId: one.task_id };
  const mayAnswer = may("edit", "task_instance");
  return (
    <>
      <Title order={1} size="h2">
        {asked.subject}
      </Title>
      <Group gap="md">
        <State state={one.state} />
        <Text size="sm" c="dimmed">
          <Said
            text="{anchor} · asked {ago}{part}"
            anchor={
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link to="/dags/$dagId/runs/$runId/tasks/$taskId" params={place} {...props} />
                )}
              >
                {one.dag_display_name ?? one.dag_id}, {one.dag_run_id}
              </Anchor>
            }
            ago={<Ago at={asked.created_at} />}
            part={
              people.length > 0
                ? t(" · for {part}", { part: people.map((person) => person.name).join(", ") })
                : ""
            }
          />
        </Text>
      </Group>
      {asked.body ? (
        <Card withBorder>
          <Suspense fallback={<Waiting what={t("The text")} />}>
            <Markdown text={asked.body} />
          </Suspense>
        </Card>
      ) : null}
      {asked.response_received ? (
        <Answered asked={asked} />
      ) : !isWaiting(asked) ? (
        <Alert variant="light" color="gray" title={t("Nobody has answered")}>
          {t("The task does not wait any more.")}
        </Alert>
      ) : mayAnswer && isFor(asked, user.name) ? (
        <Form asked={asked} prefilled={prefilled} />
      ) : (
        <Alert variant="light" color="gray" title={t("Others are asked")}>
          {mayAnswer
            ? t("Only {part} may answer.", { part: people.map((person) => person.name).join(", ") })
            : t(
                "Your role may read this and not answer it. Ask an administrator for another role.",
              )}
        </Alert>
      )}
    </>
  );
}

function Answered({ asked }: { asked: Asked }) {
  const values = Object.entries((asked.params_input ?? {}) as Record<string, unknown>);
  return (
    <Card withBorder component="section" aria-label={t("The answer")}>
      <Stack gap="xs">
        <Group gap="xs">
          <Text fw={600}>{t("The answer")}</Text>
          {(asked.chosen_options ?? []).map((option) => (
            <Badge key={option} variant="light" tt="none" size="lg">
              {option}
            </Badge>
          ))}
        </Group>
        {values.length > 0 ? (
          <Table w="auto">
            <Table.Tbody>
              {values.map(([name, value]) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row">{name}</Table.Th>
                  <Table.Td>{typeof value === "string" ? value : JSON.stringify(value)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        ) : null}
        <Text size="sm" c="dimmed">
          {asked.responded_by_user
            ? t("by {name}", { name: asked.responded_by_user.name })
            : t("the default: nobody has answered in time")}
          , <At at={asked.responded_at} />
        </Text>
      </Stack>
    </Card>
  );
}

function Form({ asked, prefilled }: { asked: Asked; prefilled: Record<string, unknown> }) {
  const queries = useQueryClient();
  const fields = fieldsAsked(asked);
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      fields
        .filter((field) => prefilled[field.name] !== undefined)
        .map((field) => [field.name, textOf(field, prefilled[field.name])]),
    ),
  );
  const suggested = optionsIn(prefilled._options, asked.options);
  const [chosen, setChosen] = useState<string[]>(
    suggested.length > 0 ? suggested : (asked.defaults ?? []),
  );
  const { values, wrong } = typedInto(asked, texts);
  const one = asked.task_instance;
  const send = useMutation({
    mutationFn: (options: string[]) =>
      answer(
        client.PATCH(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails",
          {
            params: {
              path: {
                dag_id: one.dag_id,
                dag_run_id: one.dag_run_id,
                task_id: one.task_id,
                map_index: one.map_index,
              },
            },
            body: { chosen_options: options, params_input: values },
          },
        ),
      ),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: approvalsKey });
      forgetRun(queries, one.dag_id, one.dag_run_id);
    },
  });
  const isWrong = Object.keys(wrong).length > 0;
  return (
    <Stack component="section" aria-label={t("Your answer")}>
      {fields.map((field) => (
        <Input
          key={field.name}
          field={field}
          text={texts[field.name] ?? textOf(field, field.value)}
          error={wrong[field.name]}
          onChange={(text) => setTexts((old) => ({ ...old, [field.name]: text }))}
        />
      ))}
      {send.error ? <Trouble error={send.error} what={t("The answer was not taken")} /> : null}
      {asked.multiple ? (
        <>
          <Checkbox.Group label={t("Choose one or more")} value={chosen} onChange={setChosen}>
            <Stack gap={6} mt={6}>
              {asked.options.map((option) => (
                <Checkbox key={option} value={option} label={option} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Group>
            <Button
              loading={send.isPending}
              disabled={isWrong || chosen.length === 0}
              onClick={() => send.mutate(asked.options.filter((one) => chosen.includes(one)))}
            >
              {t("Answer")}
            </Button>
          </Group>
        </>
      ) : (
        <Group role="group" aria-label={t("Answer with")}>
          {asked.options.map((option, index) => (
            <Button
              key={option}
              variant={
                chosen.includes(option) || (chosen.length === 0 && index === 0)
                  ? "filled"
                  : "default"
              }
              loading={send.isPending && send.variables?.[0] === option}
              disabled={isWrong}
              onClick={() => send.mutate([option])}
            >
              {option}
            </Button>
          ))}
        </Group>
      )}
      <Text size="xs" c="dimmed">
        <Said
          text="The first answer counts, and the task goes on at once.{part}"
          part={
            asked.defaults?.length
              ? t(" If nobody answers in time it is “{part}”.", { part: asked.defaults.join(", ") })
              : ""
          }
        />
      </Text>
    </Stack>
  );
}

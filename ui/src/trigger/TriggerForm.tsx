import {
  Accordion,
  Alert,
  Autocomplete,
  Button,
  Group,
  JsonInput,
  NumberInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { answer, client, type Schemas } from "../api/client";
import { dagQuery, forgetRun } from "../api/queries";
import { useZone } from "../design/clock";
import { Dialog } from "../design/Dialog";
import { Shown, Trouble } from "../design/Feedback";
import { MomentInput } from "../design/MomentInput";
import { t } from "../language/language";
import {
  checked,
  confOf,
  FIRST_SECTION,
  type Field,
  fieldsOf,
  type Param,
  restOf,
  shown,
} from "./params.model";

type Run = Schemas["DAGRunResponse"];

/** A form for a new run, with a field for every param; filled in like another run where one is given. */
export default function TriggerForm({
  dagId,
  like,
  onClose,
}: {
  dagId: string;
  like?: Run;
  onClose: () => void;
}) {
  const asked = useQuery(dagQuery(dagId));
  return (
    <Dialog
      onClose={onClose}
      title={
        like
          ? t("Run again like {run}", { run: like.dag_run_id })
          : t("Trigger {dag}", { dag: dagId })
      }
      size="lg"
    >
      <Shown asked={asked} what={t("The DAG {dag}", { dag: dagId })}>
        {(dag) => <Form dag={dag} like={like} onClose={onClose} />}
      </Shown>
    </Dialog>
  );
}

function Form({
  dag,
  like,
  onClose,
}: {
  dag: Schemas["DAGDetailsResponse"];
  like: Run | undefined;
  onClose: () => void;
}) {
  const fields = fieldsOf((dag.params ?? {}) as Record<string, Param>);
  const given = (like?.conf ?? {}) as Record<string, unknown>;
  const [texts, setTexts] = useState(() =>
    Object.fromEntries(
      fields.map((field) => [
        field.name,
        shown(field, field.name in given ? given[field.name] : field.value),
      ]),
    ),
  );
  const [more, setMore] = useState(() => JSON.stringify(restOf(fields, given), null, 2));
  const [logicalDate, setLogicalDate] = useState<number | null>(null);
  const [runId, setRunId] = useState("");
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [unpause, setUnpause] = useState(dag.is_paused);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: async (conf: Record<string, unknown>) => {
      if (unpause && dag.is_paused) {
        await answer(
          client.PATCH("/api/v2/dags/{dag_id}", {
            params: { path: { dag_id: dag.dag_id } },
            body: { is_paused: false },
          }),
        );
      }
      return answer(
        client.POST("/api/v2/dags/{dag_id}/dagRuns", {
          params: { path: { dag_id: dag.dag_id } },
          body: {
            dag_run_id: runId || null,
            logical_date: logicalDate === null ? null : new Date(logicalDate).toISOString(),
            conf,
            note: note || null,
          },
        }),
      );
    },
    onSuccess: (run) => {
      forgetRun(queries, dag.dag_id, run.dag_run_id);
      notifications.show({
        message: t("{dagRunId} has been triggered.", { dagRunId: run.dag_run_id }),
      });
      onClose();
      void navigate({
        to: "/dags/$dagId/runs/$runId",
        params: { dagId: dag.dag_id, runId: run.dag_run_id },
      });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const values: Record<string, unknown> = {};
    const problems: Record<string, string> = {};
    for (const field of fields) {
      try {
        values[field.name] = checked(field, texts[field.name] ?? "");
      } catch (error) {
        problems[field.name] = (error as Error).message;
      }
    }
    let extra: Record<string, unknown> = {};
    try {
      extra = JSON.parse(more || "{}");
    } catch (error) {
      problems[MORE] = (error as Error).message;
    }
    setWrong(problems);
    if (Object.keys(problems).length === 0) start.mutate({ ...confOf(fields, values), ...extra });
  };
  const sections = [...new Set(fields.map((field) => field.section))];
  return (
    <form onSubmit={submit}>
      <Stack>
        {dag.is_paused ? (
          <Alert color="yellow" variant="light">
            <Switch
              checked={unpause}
              onChange={(event) => setUnpause(event.currentTarget.checked)}
              label={t("The DAG is paused: unpause it, so that the run begins")}
            />
          </Alert>
        ) : null}
        {sections.map((section) => (
          <Stack key={section} gap="xs" component="fieldset" style={{ border: 0, padding: 0 }}>
            <Text component="legend" fw={600}>
              {section === FIRST_SECTION ? t("Parameters") : section}
            </Text>
            {fields
              .filter((field) => field.section === section)
              .map((field) => (
                <Input
                  key={field.name}
                  field={field}
                  text={texts[field.name] ?? ""}
                  error={wrong[field.name]}
                  onChange={(text) => setTexts((old) => ({ ...old, [field.name]: text }))}
                />
              ))}
          </Stack>
        ))}
        <Accordion variant="contained">
          <Accordion.Item value="more">
            <Accordion.Control>{t("More about this run")}</Accordion.Control>
            <Accordion.Panel>
              <Stack gap="xs">
                <TextInput
                  label={t("Run id")}
                  description={t("Made up for you where it is empty")}
                  value={runId}
                  onChange={(event) => setRunId(event.currentTarget.value)}
                />
                <MomentInput
                  label={t("Logical date")}
                  description={t("The time that the run is about; empty for none")}
                  value={logicalDate}
                  onChange={setLogicalDate}
                />
                <JsonInput
                  label={t("Further conf")}
                  description={t("A JSON object; it wins over the fields above")}
                  value={more}
                  onChange={setMore}
                  error={wrong[MORE]}
                  autosize
                  minRows={2}
                />
                <Textarea
                  label={t("Note")}
                  value={note}
                  onChange={(event) => setNote(event.currentTarget.value)}
                  autosize
                />
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
        {start.error ? <Trouble error={start.error} what={t("The run was not triggered")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button type="submit" loading={start.isPending}>
            {t("Trigger")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The name under which mistakes in the further conf are kept; no param can have it. */
const MORE = "\u0000more";

/** A field of the form. */
export function Input({
  field,
  text,
  error,
  onChange,
}: {
  field: Field;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}) {
  const common = { label: field.label, description: field.about, error };
  switch (field.kind) {
    case "flag":
      return (
        <Switch
          {...common}
          checked={text === "true"}
          onChange={(event) => onChange(String(event.currentTarget.checked))}
        />
      );
    case "fixed":
      return (
        <TextInput
          {...common}
          value={
            typeof field.schema.const === "string"
              ? field.schema.const
              : JSON.stringify(field.schema.const)
          }
          readOnly
          variant="filled"
        />
      );
    case "moment":
      return <MomentField common={common} text={text} onChange={onChange} />;
    case "choice":
      return (
        <Select
          {...common}
          data={field.choices.map((value) => ({ value, label: field.display[value] ?? value }))}
          value={text || null}
          clearable={!field.isRequired}
          onChange={(value) => onChange(value ?? "")}
        />
      );
    case "choices":
      return (
        <TagsInput
          {...common}
          data={field.choices}
          value={text ? (JSON.parse(text) as string[]) : []}
          onChange={(values) => onChange(JSON.stringify(values))}
        />
      );
    case "number":
    case "whole":
      return (
        <NumberInput
          {...common}
          value={text}
          min={field.least}
          max={field.most}
          allowDecimal={field.kind === "number"}
          onChange={(value) => onChange(String(value))}
        />
      );
    case "json":
      return <JsonInput {...common} value={text} onChange={onChange} autosize minRows={2} />;
    case "lines":
    case "long":
      return (
        <Textarea
          {...common}
          description={field.kind === "lines" ? (field.about ?? t("One a line")) : field.about}
          value={text}
          autosize
          minRows={3}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      if (field.choices.length > 0) {
        return <Autocomplete {...common} data={field.choices} value={text} onChange={onChange} />;
      }
      return (
        <TextInput
          {...common}
          type={INPUT_TYPES[field.kind]}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

/** A moment, kept as the text that the run gets. */
function MomentField({
  common,
  text,
  onChange,
}: {
  common: { label: string; description: string | null; error: string | undefined };
  text: string;
  onChange: (text: string) => void;
}) {
  const zone = useZone();
  const moment = Date.parse(text);
  return (
    <MomentInput
      label={common.label}
      description={common.description ? `${common.description} (${zone})` : zone}
      error={common.error}
      value={Number.isNaN(moment) ? null : moment}
      onChange={(next) => onChange(next === null ? "" : new Date(next).toISOString())}
    />
  );
}

const INPUT_TYPES: Partial<Record<Field["kind"], string>> = { date: "date", time: "time" };

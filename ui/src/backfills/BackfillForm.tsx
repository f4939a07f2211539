import {
  Accordion,
  Alert,
  Button,
  Group,
  NumberInput,
  Radio,
  ScrollArea,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, client, type Schemas } from "../api/client";
import { dagQuery, dagsQuery } from "../api/queries";
import { useNow, useZone } from "../design/clock";
import { Dialog } from "../design/Dialog";
import { Trouble } from "../design/Feedback";
import { At } from "../design/Moment";
import { MomentInput } from "../design/MomentInput";
import { midnight } from "../design/zone.model";
import { t } from "../language/language";
import { Said } from "../language/Said";
import {
  checked,
  confOf,
  type Field,
  fieldsOf,
  type Param,
  shown as textOf,
} from "../trigger/params.model";
import { Input } from "../trigger/TriggerForm";
import { type Body, bodyOf, type Draft, type Reprocess } from "./backfills.model";
import { backfillsKey, previewQuery } from "./queries";

const SHOWN = 200;
const TYPING_MS = 300;

/** A form for a new backfill; shows the runs that it would make before it makes any. */
export default function BackfillForm({ dagId, onClose }: { dagId?: string; onClose: () => void }) {
  return (
    <Dialog
      onClose={onClose}
      size="xl"
      title={dagId === undefined ? t("New backfill") : t("New backfill of {dagId}", { dagId })}
    >
      <Form dagId={dagId} onClose={onClose} />
    </Dialog>
  );
}

function Form({ dagId, onClose }: { dagId?: string; onClose: () => void }) {
  const zone = useZone();
  const now = useNow();
  const [draft, setDraft] = useState<Draft>(() => ({
    dagId: dagId ?? null,
    from: midnight(now, 7, zone),
    to: midnight(now, 1, zone),
    isBackwards: false,
    reprocess: "none",
    most: 10,
    onLatest: true,
  }));
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [unpause, setUnpause] = useState(true);
  const queries = useQueryClient();
  const dag = useQuery({ ...dagQuery(draft.dagId ?? ""), enabled: draft.dagId !== null }).data;
  const fields = fieldsOf((dag?.params ?? {}) as Record<string, Param>);
  const { conf, wrong } = confTyped(fields, texts);
  const body = bodyOf(draft, conf);
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  const [settled] = useDebouncedValue(JSON.stringify(body), TYPING_MS);
  const preview = useQuery(previewQuery(JSON.parse(settled) as Body | null));
  const count = preview.data?.total_entries;
  const create = useMutation({
    mutationFn: async (wanted: Body) => {
      const made = await answer(client.POST("/api/v2/backfills", { body: wanted }));
      if (dag?.is_paused && unpause) {
        await answer(
          client.PATCH("/api/v2/dags/{dag_id}", {
            params: { path: { dag_id: wanted.dag_id } },
            body: { is_paused: false },
          }),
        );
      }
      return made;
    },
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: backfillsKey });
      notifications.show({ message: t("Backfill {id} has begun.", { id: made.id }) });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (body) create.mutate(body);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {dagId === undefined ? (
          <DagChoice value={draft.dagId} onChange={(chosen) => change({ dagId: chosen })} />
        ) : null}
        {dag?.is_paused ? (
          <Alert color="yellow" variant="light">
            <Switch
              checked={unpause}
              onChange={(event) => setUnpause(event.currentTarget.checked)}
              label={t("The DAG is paused: unpause it, so that the backfill begins")}
            />
          </Alert>
        ) : null}
        <Group grow align="flex-start">
          <MomentInput
            label={t("From")}
            required
            value={draft.from}
            onChange={(from) => change({ from })}
          />
          <MomentInput
            label={t("To, including it")}
            required
            value={draft.to}
            onChange={(to) => change({ to })}
          />
        </Group>
        <Group align="flex-end" gap="lg">
          <div>
            <Text size="sm" fw={500} mb={4}>
              {t("Order")}
            </Text>
            <SegmentedControl
              aria-label={t("Order")}
              data={[
                { value: "forwards", label: t("Oldest first") },
                { value: "backwards", label: t("Newest first") },
              ]}
              value={draft.isBackwards ? "backwards" : "forwards"}
              onChange={(chosen) => change({ isBackwards: chosen === "backwards" })}
            />
          </div>
          <NumberInput
            label={t("Runs at once, at most")}
            min={1}
            allowDecimal={false}
            value={draft.most}
            onChange={(value) => change({ most: Math.max(1, Number(value) || 1) })}
          />
        </Group>
        <Radio.Group
          label={t("Where there is a run already")}
          value={draft.reprocess}
          onChange={(chosen) => change({ reprocess: chosen as Reprocess })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="none" label={t("Leave it alone")} />
            <Radio value="failed" label={t("Run it again if it has failed")} />
            <Radio value="completed" label={t("Run it again if it has ended, however it ended")} />
          </Stack>
        </Radio.Group>
        {draft.reprocess === "none" ? null : (
          <Switch
            checked={draft.onLatest}
            onChange={(event) => change({ onLatest: event.currentTarget.checked })}
            label={t("Runs that run again take the newest version of the DAG")}
          />
        )}
        {fields.length > 0 ? (
          <Accordion variant="contained">
            <Accordion.Item value="params">
              <Accordion.Control>{t("Params of the runs")}</Accordion.Control>
              <Accordion.Panel>
                <Stack gap="xs">
                  {fields.map((field) => (
                    <Input
                      key={field.name}
                      field={field}
                      text={texts[field.name] ?? textOf(field, field.value)}
                      error={wrong[field.name]}
                      onChange={(text) => setTexts((old) => ({ ...old, [field.name]: text }))}
                    />
                  ))}
                </Stack>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        ) : null}
        <Preview draft={draft} dates={preview.data ?? null} error={preview.error} />
        {create.error ? (
          <Trouble error={create.error} what={t("The backfill was not created")} />
        ) : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={body === null || !count || Object.keys(wrong).length > 0}
          >
            {count
              ? t("Backfill {count} {part}", { count, part: count === 1 ? t("run") : t("runs") })
              : t("Backfill")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function confTyped(fields: Field[], texts: Record<string, string>) {
  const values: Record<string, unknown> = {};
  const wrong: Record<string, string> = {};
  for (const field of fields) {
    try {
      const typed = texts[field.name];
      values[field.name] = typed === undefined ? field.value : checked(field, typed);
    } catch (error) {
      wrong[field.name] = (error as Error).message;
    }
  }
  return { conf: Object.keys(wrong).length > 0 ? null : confOf(fields, values), wrong };
}

function DagChoice({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (dagId: string | null) => void;
}) {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text, TYPING_MS);
  const found = useQuery(dagsQuery({ q: asked || undefined })).data?.dags ?? [];
  const data = found
    .filter((dag) => dag.timetable_summary)
    .map((dag) => ({
      value: dag.dag_id,
      label: `${dag.dag_display_name} (${dag.timetable_summary})`,
    }));
  return (
    <Select
      label={t("DAG")}
      placeholder={t("One with a schedule")}
      required
      searchable
      data={data}
      value={value}
      onChange={onChange}
      onSearchChange={(next) => setText(next.replace(/ \(.*$/, ""))}
      filter={({ options }) => options}
      nothingFoundMessage={t("No DAG with a schedule is called like that")}
    />
  );
}

function Preview({
  draft,
  dates,
  error,
}: {
  draft: Draft;
  dates: Schemas["DryRunBackfillCollectionResponse"] | null;
  error: Error | null;
}) {
  if (draft.from !== null && draft.to !== null && draft.from > draft.to) {
    return (
      <Trouble error={t("Choose an end that is not before the beginning.")} what={t("No dates")} />
    );
  }
  if (error) return <Trouble error={error} what={t("These runs cannot be made")} />;
  if (draft.dagId === null) return null;
  if (!dates) return <Text size="sm">{t("Looking which runs it would make …")}</Text>;
  if (dates.total_entries === 0) {
    return (
      <Alert color="yellow" variant="light" title={t("It would make no run")}>
        {t(
          "The schedule has no date in that range whose data interval is over, or every one has a run already. Choose other dates, or let runs that are there run again.",
        )}
      </Alert>
    );
  }
  return (
    <section aria-label={t("Preview")}>
      <Text size="sm" fw={500}>
        <Said
          text="It would make or repeat {totalEntries} {part}{isBackwards}:"
          totalEntries={dates.total_entries}
          part={dates.total_entries === 1 ? t("run") : t("runs")}
          isBackwards={draft.isBackwards ? t(", the newest first") : ""}
        />
      </Text>
      <ScrollArea.Autosize mah={150} type="auto" viewportProps={{ tabIndex: 0 }}>
        <Group gap="md" mt={4}>
          {dates.backfills.slice(0, SHOWN).map((one) => (
            <Text key={one.logical_date ?? one.partition_key} size="sm" ff="monospace">
              {one.partition_key ?? <At at={one.logical_date} />}
            </Text>
          ))}
          {dates.total_entries > SHOWN ? (
            <Text size="sm">
              <Said text="and {SHOWN} more" SHOWN={dates.total_entries - SHOWN} />
            </Text>
          ) : null}
        </Group>
      </ScrollArea.Autosize>
    </section>
  );
}

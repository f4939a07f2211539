import { Button, Group, JsonInput, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, client } from "../api/client";
import { Dialog } from "../design/Dialog";
import { Trouble } from "../design/Feedback";
import { t } from "../language/language";
import { type Asset, objectTyped } from "./assets.model";
import { assetsKey } from "./queries";

/** Says that an asset has been made anew, without a run that has made it. */
export default function EventForm({ asset, onClose }: { asset: Asset; onClose: () => void }) {
  const queries = useQueryClient();
  const [extra, setExtra] = useState("{}");
  const [partition, setPartition] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const create = useMutation({
    mutationFn: (parsed: Record<string, unknown>) =>
      answer(
        client.POST("/api/v2/assets/events", {
          body: { asset_id: asset.id, extra: parsed, partition_key: partition || null },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: assetsKey });
      notifications.show({ message: t("{name} has a new event.", { name: asset.name }) });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      const parsed = objectTyped(extra);
      setWrong(null);
      create.mutate(parsed);
    } catch (error) {
      setWrong((error as Error).message);
    }
  };
  const starts = asset.scheduled_dags.map((dag) => dag.dag_id).join(", ");
  return (
    <Dialog onClose={onClose} title={t("New event of {name}", { name: asset.name })}>
      <Stack component="form" onSubmit={submit}>
        <Text size="sm">
          {starts
            ? t("As if the asset had been made anew. It counts for {starts}.", { starts })
            : t("As if the asset had been made anew. No DAG is scheduled on it.")}
        </Text>
        <JsonInput
          label={t("Extra")}
          description={t("A JSON object that tasks can read")}
          autosize
          minRows={3}
          value={extra}
          onChange={setExtra}
          error={wrong}
        />
        <TextInput
          label={t("Partition")}
          description={t("Empty for an event about the whole asset")}
          value={partition}
          onChange={(event) => setPartition(event.currentTarget.value)}
        />
        {create.error ? <Trouble error={create.error} what={t("There is no event")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button type="submit" loading={create.isPending}>
            {t("Create")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

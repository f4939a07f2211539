import { Alert, Button, FileButton, Group, Radio, Stack, Text } from "@mantine/core";
import { IconDownload, IconUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { Dialog } from "../design/Dialog";
import { Trouble } from "../design/Feedback";
import { t } from "../language/language";
import { Said } from "../language/Said";

export type OnExistence = Schemas["BulkActionOnExistence"];

interface Props<T> {
  /** "connections". */
  many: string;
  queryKey: readonly unknown[];
  /** All records as a file. */
  write: () => Promise<string>;
  /** The records in a file. Throws an `Error` that says what is wrong with it. */
  read: (text: string) => T[];
  send: (
    records: T[],
    onExistence: OnExistence,
  ) => Promise<Schemas["BulkActionResponse"] | null | undefined>;
  mayImport: boolean;
  note?: string;
}

/** Buttons that write all records into a file, and read them from one. */
export function Files<T>({ many, queryKey, write, read, send, mayImport, note }: Props<T>) {
  const [file, setFile] = useState<{ name: string; text: string } | null>(null);
  const save = useMutation({
    mutationFn: async () => {
      const place = URL.createObjectURL(new Blob([await write()], { type: "application/json" }));
      const link = document.createElement("a");
      link.href = place;
      link.download = `${many}.json`;
      link.click();
      URL.revokeObjectURL(place);
    },
  });
  const take = async (chosen: File | null) =>
    setFile(chosen && { name: chosen.name, text: await chosen.text() });
  return (
    <Group gap="xs">
      <Button
        variant="default"
        leftSection={<IconDownload size={16} />}
        title={note}
        loading={save.isPending}
        onClick={() => save.mutate()}
      >
        {t("Export")}
      </Button>
      {mayImport ? (
        <FileButton accept="application/json,.json" onChange={take}>
          {(props) => (
            <Button variant="default" leftSection={<IconUpload size={16} />} {...props}>
              {t("Import")}
            </Button>
          )}
        </FileButton>
      ) : null}
      {file ? (
        <ImportDialog
          file={file}
          many={many}
          queryKey={queryKey}
          read={read}
          send={send}
          onClose={() => setFile(null)}
        />
      ) : null}
    </Group>
  );
}

function ImportDialog<T>({
  file,
  many,
  queryKey,
  read,
  send,
  onClose,
}: Pick<Props<T>, "many" | "queryKey" | "read" | "send"> & {
  file: { name: string; text: string };
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [onExistence, setOnExistence] = useState<OnExistence>("fail");
  let records: T[] = [];
  let wrong: Error | null = null;
  try {
    records = read(file.text);
  } catch (error) {
    wrong = error as Error;
  }
  const load = useMutation({
    mutationFn: () => send(records, onExistence),
    onSuccess: () => queries.invalidateQueries({ queryKey }),
  });
  const errors = (load.data?.errors ?? []) as { error?: string }[];
  return (
    <Dialog onClose={onClose} title={t("Import {many} from {name}", { many, name: file.name })}>
      <Stack>
        {wrong ? <Trouble error={wrong} what={t("The file cannot be read")} /> : null}
        {!wrong && !load.data ? (
          <>
            <Text size="sm">
              <Said text="{part} {many} are in the file." part={records.length} many={many} />
            </Text>
            <Radio.Group
              label={t("Those that are there already")}
              value={onExistence}
              onChange={(chosen) => setOnExistence(chosen as OnExistence)}
            >
              <Stack gap={6} mt={6}>
                <Radio value="fail" label={t("Import nothing, and say which")} />
                <Radio value="skip" label={t("Leave them as they are")} />
                <Radio value="overwrite" label={t("Replace them")} />
              </Stack>
            </Radio.Group>
          </>
        ) : null}
        {load.error ? <Trouble error={load.error} what={t("Nothing was imported")} /> : null}
        {load.data ? (
          <Alert
            color={errors.length > 0 ? "orange" : "green"}
            variant="light"
            title={t("{part} {many} imported", { part: load.data.success?.length ?? 0, many })}
          >
            {errors.map((one) => one.error ?? JSON.stringify(one)).join("\n")}
          </Alert>
        ) : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {load.data ? t("Close") : t("Cancel")}
          </Button>
          {load.data ? null : (
            <Button
              disabled={records.length === 0}
              loading={load.isPending}
              onClick={() => load.mutate()}
            >
              {t("Import")}
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}

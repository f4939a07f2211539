import { Button, Group, List, ScrollArea, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Dialog } from "../design/Dialog";
import { Trouble } from "../design/Feedback";
import { tell } from "../design/notes";
import { plural, t } from "../language/language";
import type { Kind } from "./Records";

/** Asks once more, removes, and offers to put back what can be put back. */
export function RemoveDialog<T, F>({
  kind,
  records,
  onClose,
}: {
  kind: Kind<T, F>;
  records: readonly T[];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const ids = records.map(kind.idOf);
  const read = () => queries.invalidateQueries({ queryKey: kind.queryKey });
  const remove = useMutation({
    mutationFn: async () => {
      const gone: T[] = [];
      const left: string[] = [];
      for (const record of records) {
        try {
          await kind.remove(kind.idOf(record));
          gone.push(record);
        } catch (error) {
          left.push(`${kind.idOf(record)}: ${(error as Error).message}`);
        }
      }
      if (gone.length > 0) tellOfRemoval(kind, gone, read);
      if (left.length > 0) throw new Error(left.join("\n"));
    },
    onSettled: read,
    onSuccess: onClose,
  });
  const [first] = ids;
  return (
    <Dialog
      onClose={onClose}
      title={
        ids.length === 1
          ? t("Remove {name}?", { name: first ?? "" })
          : t("Remove {count}?", { count: ids.length })
      }
    >
      <Stack>
        {ids.length > 1 ? (
          <ScrollArea.Autosize mah={200}>
            <List size="sm">
              {ids.map((id) => (
                <List.Item key={id}>{id}</List.Item>
              ))}
            </List>
          </ScrollArea.Autosize>
        ) : null}
        <Text size="sm">{kind.words.removal}</Text>
        {remove.error ? <Trouble error={remove.error} what={t("It was not removed")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("Remove")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

function tellOfRemoval<T, F>(
  kind: Kind<T, F>,
  gone: readonly T[],
  read: () => Promise<void>,
): void {
  const { restore, canRestore = () => true } = kind;
  const [first] = gone;
  const name = first === undefined ? "" : kind.idOf(first);
  tell(plural(gone.length, "{name} is removed.", "{count} are removed.", { name }), {
    undo:
      restore && gone.every(canRestore)
        ? async () => {
            await Promise.all(gone.map(restore));
            await read();
          }
        : undefined,
  });
}

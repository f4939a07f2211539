import {
  ActionIcon,
  Button,
  Group,
  Modal,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPencil, IconPlus, IconSearch, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { Empty, Shown, Trouble } from "../design/Feedback";

export interface Column<T> {
  title: string;
  show: (record: T) => ReactNode;
}

/** A kind of record: how it is listed, changed and removed. */
export interface Kind<T, F> {
  /** "Variables". */
  title: string;
  /** "variable". */
  one: string;
  nothing: string;
  queryKey: readonly unknown[];
  list: (find: string) => Promise<{ records: T[]; total: number }>;
  idOf: (record: T) => string;
  columns: Column<T>[];
  /** The form's content for a record; null for a new one. */
  formOf: (record: T | null) => F;
  Form: (props: { form: F; change: (part: Partial<F>) => void; isNew: boolean }) => ReactNode;
  save: (form: F, isNew: boolean) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
  /** Further buttons of the page. */
  tools?: ReactNode;
  mayCreate: boolean;
  mayEdit: boolean;
  mayDelete: boolean;
}

/** A page of records that can be added to, changed and removed from. */
export function Records<T, F extends object>({ kind }: { kind: Kind<T, F> }) {
  const { q: find = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const setFind = (q: string) =>
    void navigate({
      to: ".",
      search: (old: object) => ({ ...old, q: q || undefined }) as never,
      replace: true,
    });
  const [edited, setEdited] = useState<{ record: T | null } | null>(null);
  const [removed, setRemoved] = useState<T | null>(null);
  const asked = useQuery({
    queryKey: [...kind.queryKey, find],
    queryFn: () => kind.list(find),
  });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          {kind.title}
        </Title>
        <Group gap="xs">
          {kind.tools}
          {kind.mayCreate ? (
            <Button
              leftSection={<IconPlus size={16} />}
              onClick={() => setEdited({ record: null })}
            >
              Add a {kind.one}
            </Button>
          ) : null}
        </Group>
      </Group>
      <TextInput
        data-search
        aria-label={`Find a ${kind.one}`}
        placeholder="Name  ( / )"
        leftSection={<IconSearch size={15} />}
        value={find}
        onChange={(event) => setFind(event.currentTarget.value)}
        maw={300}
      />
      <Shown asked={asked} what={kind.title}>
        {({ records, total }) =>
          records.length === 0 ? (
            <Empty
              title={find ? `No ${kind.one} is called like that` : `There is no ${kind.one} yet`}
            >
              {find ? null : kind.nothing}
            </Empty>
          ) : (
            <>
              <Table.ScrollContainer minWidth={560}>
                <Table highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      {kind.columns.map((column) => (
                        <Table.Th key={column.title}>{column.title}</Table.Th>
                      ))}
                      <Table.Th w={90} aria-label="Actions" />
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {records.map((record) => (
                      <Table.Tr key={kind.idOf(record)}>
                        {kind.columns.map((column) => (
                          <Table.Td key={column.title}>{column.show(record)}</Table.Td>
                        ))}
                        <Table.Td>
                          <Group gap={2} wrap="nowrap">
                            {kind.mayEdit ? (
                              <ActionIcon
                                variant="subtle"
                                aria-label={`Change ${kind.idOf(record)}`}
                                onClick={() => setEdited({ record })}
                              >
                                <IconPencil size={16} />
                              </ActionIcon>
                            ) : null}
                            {kind.mayDelete ? (
                              <ActionIcon
                                variant="subtle"
                                color="red"
                                aria-label={`Remove ${kind.idOf(record)}`}
                                onClick={() => setRemoved(record)}
                              >
                                <IconTrash size={16} />
                              </ActionIcon>
                            ) : null}
                          </Group>
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Text size="sm" c="dimmed">
                {total} in all
              </Text>
            </>
          )
        }
      </Shown>
      {edited ? (
        <EditDialog kind={kind} record={edited.record} onClose={() => setEdited(null)} />
      ) : null}
      {removed ? (
        <RemoveDialog kind={kind} record={removed} onClose={() => setRemoved(null)} />
      ) : null}
    </Stack>
  );
}

function EditDialog<T, F extends object>({
  kind,
  record,
  onClose,
}: {
  kind: Kind<T, F>;
  record: T | null;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [form, setForm] = useState(() => kind.formOf(record));
  const save = useMutation({
    mutationFn: () => kind.save(form, record === null),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: kind.queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={record === null ? `Add a ${kind.one}` : `Change ${kind.idOf(record)}`}
    >
      <Stack component="form" onSubmit={submit}>
        <kind.Form
          form={form}
          change={(part) => setForm((old) => ({ ...old, ...part }))}
          isNew={record === null}
        />
        {save.error ? <Trouble error={save.error} what="It was not saved" /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function RemoveDialog<T, F>({
  kind,
  record,
  onClose,
}: {
  kind: Kind<T, F>;
  record: T;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const id = kind.idOf(record);
  const remove = useMutation({
    mutationFn: () => kind.remove(id),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: kind.queryKey });
      notifications.show({ message: `The ${kind.one} ${id} is removed.` });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Remove ${id}?`}>
      <Stack>
        <Text size="sm">
          Tasks that use the {kind.one} fail until there is one of that name again.
        </Text>
        {remove.error ? <Trouble error={remove.error} what="It was not removed" /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

import { ActionIcon, Button, Checkbox, Group, Stack, Table, TextInput, Title } from "@mantine/core";
import { IconPencil, IconPlus, IconSearch, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { Dialog } from "../design/Dialog";
import { Empty, Shown, Trouble } from "../design/Feedback";
import { Pages } from "../design/Pages";
import { plural, t } from "../language/language";
import { RemoveDialog } from "./RemoveDialog";

export interface Column<T> {
  title: string;
  show: (record: T) => ReactNode;
}

export const PER_PAGE = 50;

export interface Listing {
  limit: number;
  offset: number;
  find: string;
}

/** A kind of record: how it is listed, changed and removed. */
export interface Kind<T, F> {
  words: {
    /** "Variables". */
    title: string;
    /** "Add a variable". */
    add: string;
    /** "Find a variable". */
    find: string;
    /** "There is no variable yet", and what it would be good for. */
    none: string;
    about: string;
    /** What comes of it when one is removed. */
    removal: string;
  };
  queryKey: readonly unknown[];
  list: (which: Listing) => Promise<{ records: T[]; total: number }>;
  /** False where the server looks for none by name. */
  canFind?: boolean;
  idOf: (record: T) => string;
  columns: Column<T>[];
  /** The form's content for a record; null for a new one. */
  formOf: (record: T | null) => F;
  Form: (props: { form: F; change: (part: Partial<F>) => void; isNew: boolean }) => ReactNode;
  save: (form: F, isNew: boolean) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
  /** Puts a removed one back as it was; left out where the server keeps something back. */
  restore?: (record: T) => Promise<unknown>;
  canRestore?: (record: T) => boolean;
  /** Further buttons of the page, and of a record. */
  tools?: ReactNode;
  more?: (record: T) => ReactNode;
  isHeading2?: boolean;
  mayCreate: boolean;
  mayEdit: boolean | ((record: T) => boolean);
  mayDelete: boolean | ((record: T) => boolean);
}

interface Search {
  q?: string;
  page?: number;
  edit?: string;
  create?: boolean;
}

/** A page of records that can be added to, changed and removed from. */
export function Records<T, F extends object>({ kind }: { kind: Kind<T, F> }) {
  const search = useSearch({ strict: false }) as Search;
  const { q: find = "", page = 1, edit, create = false } = search;
  const navigate = useNavigate();
  const change = (part: { q?: string; page?: number }, replace: boolean) =>
    void navigate({
      to: ".",
      search: (old: object) => ({ ...old, page: undefined, ...part }) as never,
      replace,
    });
  // Which form is open stands in the address, too.
  const open = (part: { edit?: string; create?: boolean }) =>
    void navigate({
      to: ".",
      search: (old: object) => ({ ...old, edit: undefined, create: undefined, ...part }) as never,
    });
  const [removed, setRemoved] = useState<T[] | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const asked = useQuery({
    queryKey: [...kind.queryKey, find, page],
    queryFn: () => kind.list({ limit: PER_PAGE, offset: (page - 1) * PER_PAGE, find }),
    placeholderData: keepPreviousData,
  });
  const records = asked.data?.records ?? [];
  const edited = records.find((record) => kind.idOf(record) === edit);
  const may = (right: boolean | ((record: T) => boolean), record: T) =>
    typeof right === "boolean" ? right : right(record);
  const removable = records.filter((record) => may(kind.mayDelete, record));
  const picked = removable.filter((record) => chosen.has(kind.idOf(record)));
  const pick = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={kind.isHeading2 ? 2 : 1} size={kind.isHeading2 ? "h4" : "h2"}>
          {kind.words.title}
        </Title>
        <Group gap="xs">
          {kind.tools}
          {kind.mayCreate ? (
            <Button leftSection={<IconPlus size={16} />} onClick={() => open({ create: true })}>
              {kind.words.add}
            </Button>
          ) : null}
        </Group>
      </Group>
      <Group>
        {kind.canFind === false ? null : (
          <TextInput
            data-search
            aria-label={kind.words.find}
            placeholder={t("Name  ( / )")}
            leftSection={<IconSearch size={15} />}
            value={find}
            onChange={(event) => change({ q: event.currentTarget.value || undefined }, true)}
            maw={300}
          />
        )}
        {picked.length > 0 ? (
          <Button
            variant="light"
            color="red"
            leftSection={<IconTrash size={16} />}
            onClick={() => setRemoved(picked)}
          >
            {t("Remove {count}", { count: picked.length })}
          </Button>
        ) : null}
      </Group>
      <Shown asked={asked} what={kind.words.title}>
        {({ total }) =>
          records.length === 0 ? (
            <Empty title={find ? t("None is called like that") : kind.words.none}>
              {find ? null : kind.words.about}
            </Empty>
          ) : (
            <>
              <Table.ScrollContainer minWidth={560}>
                <Table highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      {removable.length > 0 ? (
                        <Table.Th w={40}>
                          <Checkbox
                            aria-label={t("Choose all")}
                            checked={picked.length === removable.length}
                            indeterminate={picked.length > 0 && picked.length < removable.length}
                            onChange={() =>
                              setChosen(
                                new Set(
                                  picked.length === removable.length
                                    ? []
                                    : removable.map(kind.idOf),
                                ),
                              )
                            }
                          />
                        </Table.Th>
                      ) : null}
                      {kind.columns.map((column) => (
                        <Table.Th key={column.title}>{column.title}</Table.Th>
                      ))}
                      <Table.Th w={90} aria-label={t("Actions")} />
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {records.map((record) => {
                      const id = kind.idOf(record);
                      return (
                        <Table.Tr key={id}>
                          {removable.length > 0 ? (
                            <Table.Td>
                              {may(kind.mayDelete, record) ? (
                                <Checkbox
                                  aria-label={t("Choose {name}", { name: id })}
                                  checked={chosen.has(id)}
                                  onChange={() => pick(id)}
                                />
                              ) : null}
                            </Table.Td>
                          ) : null}
                          {kind.columns.map((column) => (
                            <Table.Td key={column.title}>{column.show(record)}</Table.Td>
                          ))}
                          <Table.Td>
                            <Group gap={2} wrap="nowrap" justify="flex-end">
                              {kind.more?.(record)}
                              {may(kind.mayEdit, record) ? (
                                <ActionIcon
                                  variant="subtle"
                                  aria-label={t("Change {name}", { name: id })}
                                  onClick={() => open({ edit: id })}
                                >
                                  <IconPencil size={16} />
                                </ActionIcon>
                              ) : null}
                              {may(kind.mayDelete, record) ? (
                                <ActionIcon
                                  variant="subtle"
                                  color="red"
                                  aria-label={t("Remove {name}", { name: id })}
                                  onClick={() => setRemoved([record])}
                                >
                                  <IconTrash size={16} />
                                </ActionIcon>
                              ) : null}
                            </Group>
                          </Table.Td>
                        </Table.Tr>
                      );
                    })}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Pages
                total={total}
                perPage={PER_PAGE}
                page={page}
                onPage={(next) => change({ page: next }, false)}
              >
                {plural(total, "{count} in all", "{count} in all")}
              </Pages>
            </>
          )
        }
      </Shown>
      {create && kind.mayCreate ? (
        <EditDialog kind={kind} record={null} onClose={() => open({})} />
      ) : edited && may(kind.mayEdit, edited) ? (
        <EditDialog key={edit} kind={kind} record={edited} onClose={() => open({})} />
      ) : null}
      {removed ? (
        <RemoveDialog
          kind={kind}
          records={removed}
          onClose={() => {
            setRemoved(null);
            setChosen(new Set());
          }}
        />
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
    <Dialog
      onClose={onClose}
      size="lg"
      title={record === null ? kind.words.add : t("Change {name}", { name: kind.idOf(record) })}
    >
      <Stack component="form" onSubmit={submit}>
        <kind.Form
          form={form}
          change={(part) => setForm((old) => ({ ...old, ...part }))}
          isNew={record === null}
        />
        {save.error ? <Trouble error={save.error} what={t("It was not saved")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t("Save")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

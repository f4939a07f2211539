import { Group, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Empty, Shown } from "../design/Feedback";
import { Pages } from "../design/Pages";
import { t } from "../language/language";
import { EventTable } from "./EventTable";
import { type AuditSearch, auditQuery, PER_PAGE } from "./queries";

/** Who has changed what, and what it was before. */
export function AuditLog() {
  const search = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  const asked = useQuery(auditQuery(search));
  const page = search.page ?? 1;
  const change = (part: AuditSearch) =>
    void navigate({
      search: (old) => ({ ...old, page: undefined, ...part }),
      replace: part.page === undefined,
    });
  const filter = (name: "event" | "user" | "dag", label: string) => (
    <TextInput
      label={label}
      data-search={name === "event" || undefined}
      value={search[name] ?? ""}
      onChange={(event) => change({ [name]: event.currentTarget.value || undefined })}
    />
  );
  return (
    <Stack>
      <Group>
        {filter("event", t("Event"))}
        {filter("user", t("User"))}
        {filter("dag", t("DAG"))}
      </Group>
      <Shown asked={asked} what={t("The audit log")}>
        {({ event_logs, total_entries }) =>
          event_logs.length === 0 ? (
            <Empty title={t("Nothing like that has happened")} />
          ) : (
            <>
              <EventTable entries={event_logs} />
              <Pages
                total={total_entries}
                perPage={PER_PAGE}
                page={page}
                onPage={(next) => change({ page: next })}
              >
                {t("{count} in all", { count: total_entries })}
              </Pages>
            </>
          )
        }
      </Shown>
    </Stack>
  );
}

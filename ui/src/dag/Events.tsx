import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Empty, Shown } from "../design/Feedback";
import { Pages } from "../design/Pages";
import { t } from "../language/language";
import { EventTable } from "../system/EventTable";
import { dagEventsQuery, PER_PAGE } from "../system/queries";

/** What was done with the DAG, its runs and its tasks, and by whom. */
export default function Events({ dagId }: { dagId: string }) {
  const { page = 1 } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const asked = useQuery(dagEventsQuery(dagId, page));
  return (
    <Shown asked={asked} what={t("The events")}>
      {({ event_logs, total_entries }) =>
        event_logs.length === 0 ? (
          <Empty title={t("Nobody has done anything with this DAG yet")}>
            {t("Who triggers, clears, marks, pauses or answers is written down here.")}
          </Empty>
        ) : (
          <>
            <EventTable entries={event_logs} ofDag />
            <Pages
              total={total_entries}
              perPage={PER_PAGE}
              page={page}
              onPage={(next) => void navigate({ search: (old) => ({ ...old, page: next }) })}
            >
              {t("{count} in all", { count: total_entries })}
            </Pages>
          </>
        )
      }
    </Shown>
  );
}

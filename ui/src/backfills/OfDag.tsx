import { useNavigate, useSearch } from "@tanstack/react-router";
import { BackfillList } from "./BackfillList";

/** The backfills of one DAG. */
export default function OfDag({ dagId }: { dagId: string }) {
  const { page = 1, create = false } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  return (
    <BackfillList
      dagId={dagId}
      page={page}
      onPage={(next) => void navigate({ search: (old) => ({ ...old, page: next }) })}
      isCreating={create}
      onCreating={(isCreating) =>
        void navigate({ search: (old) => ({ ...old, create: isCreating || undefined }) })
      }
    />
  );
}

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { structureQuery } from "../api/queries";
import { Empty, Shown } from "../design/Feedback";
import { FlowGraph } from "../graph/FlowGraph";
import { t } from "../language/language";

/** The DAG's latest version as a graph. */
export default function DagGraph({ dagId }: { dagId: string }) {
  const { find = "", version } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const asked = useQuery(structureQuery(dagId, version));
  return (
    <Shown asked={asked} what={t("The graph")}>
      {(structure) =>
        structure.nodes.length === 0 ? (
          <Empty title={t("This DAG has no tasks")} />
        ) : (
          <FlowGraph
            dagId={dagId}
            structure={structure}
            find={find}
            onFind={(text) =>
              void navigate({
                search: (old) => ({ ...old, find: text || undefined }),
                replace: true,
              })
            }
          />
        )
      }
    </Shown>
  );
}

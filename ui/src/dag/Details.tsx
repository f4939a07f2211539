import { Card, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import type { Schemas } from "../api/client";
import { dagQuery } from "../api/queries";
import { type Fact, Facts, factsOf, Value } from "../design/Facts";
import { Shown, Waiting } from "../design/Feedback";
import { t } from "../language/language";

const Markdown = lazy(() => import("../design/Markdown"));

type Dag = Schemas["DAGDetailsResponse"];

/** What is told under a name of its own, or says nothing to people. */
const SAID = [
  "dag_id",
  "dag_display_name",
  "doc_md",
  "description",
  "params",
  "tags",
  "latest_dag_version",
  "default_args",
  "file_token",
  "is_favorite",
  "owner_links",
];

/** Everything that the server knows of the DAG. */
export default function Details({ dagId }: { dagId: string }) {
  const asked = useQuery(dagQuery(dagId));
  return (
    <Shown asked={asked} what={t("The details")}>
      {(dag) => (
        <Stack>
          {dag.doc_md ? (
            <Card withBorder component="section" aria-label={t("Documentation")}>
              <Suspense fallback={<Waiting what={t("Documentation")} />}>
                <Markdown text={dag.doc_md} />
              </Suspense>
            </Card>
          ) : null}
          <Params dag={dag} />
          <Facts facts={[...ownFacts(dag), ...factsOf(dag, SAID)]} />
        </Stack>
      )}
    </Shown>
  );
}

function ownFacts(dag: Dag): Fact[] {
  const version = dag.latest_dag_version;
  return [
    [t("DAG id"), dag.dag_id],
    [t("Tags"), <Value key="tags" value={dag.tags.map((tag) => tag.name)} />],
    [t("Version"), version ? `${version.version_number}` : "–"],
    [t("Default args"), <Value key="args" value={dag.default_args} />],
  ];
}

function Params({ dag }: { dag: Dag }) {
  const params = Object.entries((dag.params ?? {}) as Record<string, { value?: unknown }>);
  if (params.length === 0) return null;
  return (
    <section aria-label={t("Params")}>
      <Title order={2} size="h5" mb="xs">
        {t("Params")}
      </Title>
      <Facts
        facts={params.map(([name, param]) => [name, <Value key={name} value={param.value} />])}
      />
    </section>
  );
}

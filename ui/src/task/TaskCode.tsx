import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { sourceQuery } from "../dag/Code";
import { Shown } from "../design/Feedback";
import Source from "../design/Source";
import { t } from "../language/language";
import { lineOf } from "./code.model";

/** The DAG file as it was when the task ran, at the task. */
export default function TaskCode({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  const version = instance.dag_version?.version_number;
  const asked = useQuery(sourceQuery(instance.dag_id, version));
  return (
    <Shown asked={asked} what={t("The code")}>
      {(text) => (
        <>
          {version === undefined ? null : (
            <Text size="sm" c="dimmed" mb="xs">
              {t("Version {number}, with which it ran", { number: version })}
            </Text>
          )}
          <Source text={text} language="python" line={lineOf(text, instance.task_id)} />
        </>
      )}
    </Shown>
  );
}

import { ActionIcon } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import { refused } from "../design/notes";
import { t } from "../language/language";

/** Marks a DAG as one of the person's own; shown at once, taken back if the server refuses. */
export function Favourite({ dagId, isMarked }: { dagId: string; isMarked: boolean }) {
  const queries = useQueryClient();
  const params = { path: { dag_id: dagId } };
  const change = useMutation({
    mutationFn: (wanted: boolean) =>
      answer<unknown>(
        wanted
          ? client.POST("/api/v2/dags/{dag_id}/favorite", { params })
          : client.POST("/api/v2/dags/{dag_id}/unfavorite", { params }),
      ),
    onError: (error) => refused(t("{dag} stays as it was", { dag: dagId }), error),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.dags }),
  });
  const isFavourite = change.isPending ? change.variables : isMarked;
  return (
    <ActionIcon
      variant="transparent"
      color={isFavourite ? "yellow" : "gray"}
      size="sm"
      aria-label={t("Favourite {dag}", { dag: dagId })}
      aria-pressed={isFavourite}
      onClick={() => change.mutate(!isFavourite)}
    >
      {isFavourite ? <IconStarFilled size={15} /> : <IconStar size={15} />}
    </ActionIcon>
  );
}

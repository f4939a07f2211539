import { Badge } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { t } from "../language/language";
import { waitingCountQuery } from "./queries";

/** How many questions wait for a person. */
export function WaitingBadge() {
  const { data: count = 0 } = useQuery(waitingCountQuery);
  if (count === 0) return null;
  return (
    <Badge size="sm" color="pink" variant="filled" aria-label={t("{count} waiting", { count })}>
      {count}
    </Badge>
  );
}

import { Group, Pagination, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "../language/language";

const controls = () => ({
  first: t("first page"),
  previous: t("previous page"),
  next: t("next page"),
  last: t("last page"),
});

/** How many there are, and the way to the other pages where there is more than one. */
export function Pages({
  total,
  perPage,
  page,
  onPage,
  children,
}: {
  total: number;
  perPage: number;
  page: number;
  onPage: (page: number | undefined) => void;
  children: ReactNode;
}) {
  return (
    <Group justify="space-between">
      <Text size="sm" c="dimmed">
        {children}
      </Text>
      {total > perPage ? (
        <Pagination
          total={Math.ceil(total / perPage)}
          value={page}
          onChange={(next) => onPage(next === 1 ? undefined : next)}
          getControlProps={(control) => ({ "aria-label": controls()[control] })}
          getItemProps={(number) => ({ "aria-label": t("page {number}", { number }) })}
        />
      ) : null}
    </Group>
  );
}

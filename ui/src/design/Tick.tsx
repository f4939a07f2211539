import { Checkbox, Table } from "@mantine/core";
import { t } from "../language/language";
import type { Chosen } from "./chosen";

/** The head of a column of ticks. */
export function TickAll({ chosen }: { chosen: Chosen }) {
  return (
    <Table.Th w={40}>
      <Checkbox
        aria-label={t("Choose all")}
        checked={chosen.isAll}
        indeterminate={chosen.isSome}
        onChange={chosen.all}
      />
    </Table.Th>
  );
}

export function Tick({ chosen, id, name = id }: { chosen: Chosen; id: string; name?: string }) {
  return (
    <Table.Td>
      <Checkbox
        aria-label={t("Choose {name}", { name })}
        checked={chosen.has(id)}
        onChange={() => chosen.toggle(id)}
      />
    </Table.Td>
  );
}

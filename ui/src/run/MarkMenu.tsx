import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useStateLabel } from "../design/words";
import { t } from "../language/language";

/** A menu of the states that something can be marked as. */
export function MarkMenu<T extends string>({
  states,
  isBusy,
  onMark,
}: {
  states: readonly T[];
  isBusy?: boolean;
  onMark: (state: T) => void;
}) {
  const label = useStateLabel();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          rightSection={<IconChevronDown size={14} />}
          loading={isBusy ?? false}
        >
          {t("Mark")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {states.map((state) => (
          <Menu.Item key={state} onClick={() => onMark(state)}>
            {t("As {state}", { state: label(state).toLowerCase() })}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

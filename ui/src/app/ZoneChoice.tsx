import { ActionIcon, Popover, Stack, Tooltip } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useZone } from "../design/clock";
import { t } from "../language/language";
import { TimeChoices } from "./TimeChoices";

/** How times are shown. */
export function ZoneChoice() {
  const zone = useZone();
  return (
    <Popover position="bottom-end" width={260} trapFocus>
      <Popover.Target>
        <Tooltip label={t("Times are in {zone}", { zone })}>
          <ActionIcon variant="subtle" color="gray" aria-label={t("Times are in {zone}", { zone })}>
            <IconClock size={18} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <TimeChoices />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

import { ActionIcon, Menu, TextInput, Tooltip } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useState } from "react";
import { chooseZone, useZone } from "../design/clock";

const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone;
const MOST = 40;

/** In which time zone times are shown. */
export function ZoneChoice() {
  const zone = useZone();
  const [wanted, setWanted] = useState("");
  const all = ["UTC", LOCAL, ...Intl.supportedValuesOf("timeZone")];
  const found = [...new Set(all)].filter((one) =>
    one.toLowerCase().includes(wanted.toLowerCase().replaceAll(" ", "_")),
  );
  return (
    <Menu position="bottom-end" onClose={() => setWanted("")}>
      <Menu.Target>
        <Tooltip label={`Times are in ${zone}`}>
          <ActionIcon variant="subtle" color="gray" aria-label={`Time zone: ${zone}`}>
            <IconClock size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
        <TextInput
          size="xs"
          placeholder="Time zone"
          aria-label="Find a time zone"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
          m={4}
        />
        {found.slice(0, MOST).map((one) => (
          <Menu.Item key={one} onClick={() => chooseZone(one)} fw={one === zone ? 700 : undefined}>
            {one}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

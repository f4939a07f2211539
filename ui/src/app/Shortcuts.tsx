import { Group, Kbd, Stack, Text } from "@mantine/core";
import { Dialog } from "../design/Dialog";
import { t } from "../language/language";

const ALL: readonly (readonly [string[], string])[] = [
  [["⌘", "K"], t("Find a DAG, run or action")],
  [["/"], t("Search on this page")],
  [["g"], t("Grid of the DAG, or graph, in turn")],
  [["↑", "↓", "←", "→"], t("Move in the grid; Enter opens")],
  [["Enter"], t("In the search of a log: the next hit, with Shift the one before")],
  [["Esc"], t("Close what is open")],
  [["?"], t("This sheet")],
];

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog onClose={onClose} title={t("Keyboard")}>
      <Stack gap="xs">
        {ALL.map(([pressed, does]) => (
          <Group key={does} justify="space-between">
            <Text size="sm">{does}</Text>
            <Group gap={4}>
              {pressed.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </Stack>
    </Dialog>
  );
}

import { Group, Kbd, Modal, Stack, Text } from "@mantine/core";
import { t } from "../language/language";

const ALL: readonly (readonly [string[], string])[] = [
  [["⌘", "K"], t("Find a DAG, run or action")],
  [["/"], t("Search on this page")],
  [["g"], t("Grid of the DAG, or graph, in turn")],
  [["↑", "↓", "←", "→"], t("Move in the grid; Enter opens")],
  [["?"], t("This sheet")],
];

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={t("Keyboard")}>
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
    </Modal>
  );
}

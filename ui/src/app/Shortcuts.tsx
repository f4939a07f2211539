import { Group, Kbd, Modal, Stack, Text } from "@mantine/core";

const ALL: readonly (readonly [string[], string])[] = [
  [["⌘", "K"], "Find a DAG, run or action"],
  [["/"], "Search on this page"],
  [["g"], "Grid of the DAG, or graph, in turn"],
  [["↑", "↓", "←", "→"], "Move in the grid; Enter opens"],
  [["?"], "This sheet"],
];

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Keyboard">
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

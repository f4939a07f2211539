/** Short notes about what was done, with a way back where there is one. */
import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { t } from "../language/language";

/** A note with a way back stays long enough to be read and acted upon (WCAG 2.2, 2.2.1). */
const UNDO_MS = 12_000;

/** Tell that something was done. */
export function tell(text: string, { undo }: { undo?: () => Promise<unknown> } = {}): void {
  if (!undo) {
    notifications.show({ message: text });
    return;
  }
  const id = notifications.show({
    autoClose: UNDO_MS,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{text}</Text>
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => {
            notifications.hide(id);
            undo().then(
              () => notifications.show({ message: t("It is as it was before.") }),
              (error: Error) => refused(t("It could not be undone"), error),
            );
          }}
        >
          {t("Undo")}
        </Button>
      </Group>
    ),
  });
}

/** Tell that something was not done, and why. */
export function refused(title: string, error: Error): void {
  notifications.show({ color: "red", title, message: error.message, autoClose: UNDO_MS });
}

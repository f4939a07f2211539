import { Alert, Center, Loader, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { t } from "../language/language";

/** What went wrong, in the server's words, and how to go on. */
export function Trouble({ error, what }: { error: unknown; what: string }) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={what} my="sm">
      <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
        {message}
      </Text>
    </Alert>
  );
}

/** Nothing is here; says what to do next. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center py="xl">
      <Stack gap={4} align="center" maw={520}>
        <Text fw={600}>{title}</Text>
        {children ? (
          <Text size="sm" c="dimmed" ta="center" component="div">
            {children}
          </Text>
        ) : null}
      </Stack>
    </Center>
  );
}

export function Waiting({ what }: { what: string }) {
  return (
    <Center py="xl">
      <Loader size="sm" aria-label={what} />
    </Center>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: Error | null;
}

/** Shows what was asked for, or that it is on its way, or why it does not come. */
export function Shown<T>({
  asked,
  what,
  children,
}: {
  asked: Asked<T>;
  what: string;
  children: (data: T) => ReactNode;
}) {
  if (asked.data !== undefined) return children(asked.data);
  if (asked.error)
    return <Trouble error={asked.error} what={t("{what} could not be loaded", { what })} />;
  return <Waiting what={what} />;
}

import { Alert, Button, Center, Loader, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Problem } from "../api/client";
import { t } from "../language/language";

/** What went wrong, in the server's words, and how to go on. */
export function Trouble({
  error,
  what,
  onRetry,
}: {
  error: unknown;
  what: string;
  /** Asks again, where that may help. */
  onRetry?: (() => void) | undefined;
}) {
  const message = error instanceof Error ? error.message : String(error);
  const status = error instanceof Problem ? error.status : null;
  const isRefused = status === 403;
  return (
    <Alert
      color={isRefused ? "gray" : "red"}
      variant="light"
      icon={isRefused ? <IconLock /> : <IconAlertTriangle />}
      title={what}
      my="sm"
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
          {message}
        </Text>
        {onRetry && (status === 0 || (status ?? 0) >= 500) ? (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {t("Try again")}
          </Button>
        ) : null}
        {onRetry && status === 404 ? (
          <Text size="sm">{t("It may have been removed, or the address was cut off.")}</Text>
        ) : null}
      </Stack>
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
  refetch?: () => unknown;
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
  if (asked.error) {
    return (
      <Trouble
        error={asked.error}
        what={
          asked.error instanceof Problem && asked.error.status === 403
            ? t("{what}: not shown to you", { what })
            : t("{what} could not be loaded", { what })
        }
        onRetry={() => void asked.refetch?.()}
      />
    );
  }
  return <Waiting what={what} />;
}
